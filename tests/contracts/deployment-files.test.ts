import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseSupergraphConfig } from '@inevitable/gateway';
import { Command } from 'commander';
import { DockerfileParser, type Copy } from 'dockerfile-ast';
import { parse } from 'yaml';
import type { CommandWorld } from '../../scripts/commands/command.js';
import { startCommand } from '../../scripts/commands/start.js';
import { DEFAULT_GATEWAY_PORT } from '../../scripts/parts/gateway-options.js';
import { STACK_PARTS } from '../../scripts/parts/products.js';
import { STOP_WITHIN_MS } from '../../scripts/parts/run-until-signal.js';
import { SETTING_GROUPS, SETTING_NAMES } from '../../scripts/settings/environment.js';
import { ofProduct } from '../../scripts/settings/environment/of-one-product.js';
import { references } from '../../scripts/settings/environment/setting.js';
import { readSettings } from '../../scripts/settings/settings.js';

/** As much of a compose file as this one uses. */
interface Service {
  readonly image: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string; required?: boolean }>>;
  readonly healthcheck: { readonly test: readonly string[] };
  readonly profiles?: readonly string[];
  readonly stop_grace_period?: string;
  readonly [other: string]: unknown;
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
}

const read = (file: string): string => readFileSync(file, 'utf8');
/** What a clone has: in git, or about to be. */
const CLONE = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
  maxBuffer: 2 ** 26,
})
  .trim()
  .split('\n');
const isInClone = (path: string): boolean => CLONE.some((file) => file === path || file.startsWith(`${path}/`));

const PACKAGE = JSON.parse(read('package.json')) as {
  version: string;
  workspaces: string[];
  engines: { node: string };
};
const SUPERGRAPH = parseSupergraphConfig(read('supergraph.yaml'), 'supergraph.yaml');
const products = [...SUPERGRAPH.subgraphs.keys()].filter((name) => !STACK_PARTS.has(name));

const COMPOSE_TEXT = read('compose.yaml');
const COMPOSE = parse(COMPOSE_TEXT, { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
  networks: Record<string, { internal?: boolean; ipam?: { config: { gateway: string }[] } }>;
};
const { services } = COMPOSE;
const parts = Object.entries(services).filter(([, { build }]) => build !== undefined);
const others = Object.entries(services).filter(([, { build }]) => build === undefined);

const EXAMPLE_TEXT = read('deploy/env.example');
/** What an operator has to fill in, and what may stay as it is. */
const toFillIn = [...EXAMPLE_TEXT.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!] as const);
const mayStay = [...EXAMPLE_TEXT.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name!, value!] as const);

const FILLED_IN: Record<string, string> = {
  PUBLIC_URL: 'https://graph.example.com',
  STACK_SECRET: '9c1f0b7d4e8a2635c1f0b7d4e8a26359',
  DATABASE_PASSWORD: '5d41402abc4b2a76b9719d911017c592',
  POSTGRES_PASSWORD: '7d793037a0760186574b0282f2f435e7',
  GRAFANA_PASSWORD: '2c26b46b68ffc68ff99b453c1d304134',
};
const VARIABLE = /\$\{([A-Z_]+)(?:(:?[-?])([^}]*))?\}/g;
/** As compose puts an operator's answers in. */
const filledIn = (text: string): string =>
  text.replaceAll(VARIABLE, (_all, name: string, how: string | undefined, given: string) => {
    const value = FILLED_IN[name];
    if (value !== undefined) return value;
    if (!how?.endsWith('-')) throw new Error(`${name} is not in deploy/env.example as something to fill in.`);
    return given;
  });
const environmentOf = ({ environment = {} }: Service): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, filledIn(String(value))]));
const settingsOf = (service: Service) => readSettings(environmentOf(service), '/stack');

const DOCKERFILE = DockerfileParser.parse(read('Dockerfile'));
const instructions = (keyword: string) =>
  DOCKERFILE.getInstructions().filter((instruction) => instruction.getKeyword() === keyword);
/** Of the last such instruction, as words. */
const commandOf = (keyword: 'ENTRYPOINT' | 'HEALTHCHECK'): string[] =>
  JSON.parse(
    instructions(keyword)
      .at(-1)!
      .getArgumentsContent()!
      .replace(/^[^[]*/, ''),
  ) as string[];

/** A path, or what it lies in, as .dockerignore judges it: the last line that fits counts. */
const IGNORED = read('.dockerignore')
  .split('\n')
  .filter((line) => line && !line.startsWith('#'))
  .map((line) => {
    const kept = line.startsWith('!');
    const pattern = line
      .slice(kept ? 1 : 0)
      .replaceAll('.', '\\.')
      .replaceAll(/\*\*\/|\*/g, (stars) => (stars === '*' ? '[^/]*' : '(?:.*/)?'));
    return { kept, fits: new RegExp(`^${pattern}(/|$)`) };
  });
const getsIn = (path: string): boolean => IGNORED.findLast(({ fits }) => fits.test(path))?.kept ?? true;

describe('The image', () => {
  const copies = instructions('COPY') as Copy[];

  it('copies only what a clone has and .dockerignore lets in', () => {
    const fromClone = copies.filter((copy) => !copy.getFlags().some((flag) => flag.getName() === 'from'));
    const sources = fromClone.flatMap((copy) => copy.getArguments().slice(0, -1).map(String));
    for (const source of sources.filter((each) => each !== '.'))
      expect([source, isInClone(source), getsIn(source)]).toEqual([source, true, true]);
    expect(sources.filter((source) => source.endsWith('/package.json'))).toEqual(
      PACKAGE.workspaces.map((folder) => `${folder}/package.json`),
    );
  });

  it('takes from no stage but its own, and its bases are of one version of Node that the packages bear', () => {
    const froms = DOCKERFILE.getFROMs();
    const stages = froms.map((from) => from.getBuildStage());
    for (const flag of copies.flatMap((copy) => copy.getFlags()))
      expect([flag.getName(), stages.includes(flag.getValue())]).toEqual(['from', true]);
    const bases = froms.map((from) => from.getImage()!).filter((image) => !stages.includes(image));
    expect([...new Set(bases)]).toEqual([expect.stringMatching(/^node:20\.\d+\.\d+-bookworm-slim$/)]);
    expect(PACKAGE.engines.node).toBe('>=20.19');
  });

  it('has every file of the workspaces, and nothing of what else lies in a clone', () => {
    const ofWorkspaces = CLONE.filter((file) => PACKAGE.workspaces.some((folder) => file.startsWith(`${folder}/`)));
    expect(ofWorkspaces.filter((file) => !getsIn(file))).toEqual([]);
    for (const path of [
      '.git/config',
      '.data/secret',
      '.data/credentials/gateway.json',
      'scripts/.data/secret',
      '.env',
      'gateway/.env.production',
      'node_modules/pg/package.json',
      'gateway/node_modules/ws/package.json',
      'gateway/dist/main.js',
      '.stack/compile.done',
      'deploy/env.example',
      'dump.sql',
      'tls.key',
      'tests/bench/package.json',
    ])
      expect([path, getsIn(path)]).toEqual([path, false]);
  });

  it('leaves out no package that one of ours asks for', () => {
    const [, removed] = /\brm -r ([^&]+)$/.exec(String(instructions('RUN')[0]!.getArgumentsContent()))!;
    const manifests = PACKAGE.workspaces.map((folder) => JSON.parse(read(`${folder}/package.json`)) as Manifest);
    const asked = new Set(manifests.flatMap(({ dependencies = {} }) => Object.keys(dependencies)));
    const locked = Object.keys((JSON.parse(read('package-lock.json')) as { packages: object }).packages);
    for (const name of removed!.trim().split(/\s+/)) {
      const isLocked = locked.some((path) => `${path}/`.startsWith(`node_modules/${name}/`));
      expect([name, isLocked, asked.has(name)]).toEqual([name, true, false]);
    }
  });

  it('runs commands that are there, as nobody with rights', () => {
    expect(String(instructions('USER').at(-1)!.getArgumentsContent())).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    for (const command of [commandOf('ENTRYPOINT'), commandOf('HEALTHCHECK')])
      expect([command[0], isInClone(command[1]!), command.length]).toEqual(['node', true, 2]);
    const run = instructions('RUN')
      .map((each) => each.getArgumentsContent())
      .join('\n');
    const scripts = [...run.matchAll(/(?:node |\/stack\/)(scripts\S+\.js)/g)].map(([, script]) => script!);
    expect(scripts.map((script) => [script, isInClone(script)])).toEqual([
      ['scripts/bin/prepare.js', true],
      ['scripts/bin/stack.js', true],
    ]);
  });

  it('holds what its user may read, whatever umask the clone was made with', () => {
    const [made] = instructions('COPY').filter((copy) => String(copy.getArgumentsContent()) === '. .');
    const line = made!.getRange().start.line;
    const after = instructions('RUN').filter((run) => run.getRange().start.line > line);
    expect(after.map((run) => run.getArgumentsContent())).toContainEqual(expect.stringMatching(/chmod -R a\+rX \.$/));
  });

  it('sets only settings, and says where it listens', () => {
    const set = DOCKERFILE.getENVs().flatMap((env) => env.getProperties().map((property) => property.getName()));
    expect(set.filter((name) => !SETTING_NAMES.includes(name))).toEqual([]);
    expect(instructions('EXPOSE').map((expose) => expose.getArgumentsContent())).toEqual([
      String(DEFAULT_GATEWAY_PORT),
    ]);
  });
});

describe('compose.yaml', () => {
  it('starts every part that supergraph.yaml names, each by a command of the stack', async () => {
    const started = parts.map(([name, { command }]) => [name, command!.slice(1)]);
    expect(Object.fromEntries(started)).toEqual({
      identity: ['identity'],
      operations: ['operations'],
      ...Object.fromEntries(products.map((name) => [name, ['subgraph', name]])),
      worker: ['worker'],
      gateway: ['gateway'],
    });
    class Accepted extends Error {}
    const world = {
      settings: () => {
        throw new Accepted(); // what a command asks for once its arguments are judged
      },
    } as unknown as CommandWorld;
    for (const [, { command }] of parts) {
      const program = new Command('stack').exitOverride();
      startCommand(program, world);
      await expect(program.parseAsync([...command!], { from: 'user' })).rejects.toThrow(Accepted);
    }
  });

  /** In the reference's words: `subgraphs`, `every part but the gateway`. */
  const reads = (name: string, command: readonly string[], readBy: string): boolean => {
    const [, part] = command;
    if (readBy.includes('every part but the gateway')) return part !== 'gateway';
    if (/every part(?! but the)|whatever listens/.test(readBy) || readBy.startsWith('every part but `')) return true;
    return new RegExp(`(^|, )(the )?${part}s?(,|$)`).test(readBy) && name !== '';
  };
  /** Those without which a part of a container finds nobody, or forgets. */
  const NEEDED = [
    ...['HOST', 'PORT', 'METRICS_PORT', 'DATA_DIR', 'NODE_ENV', 'DEPLOYMENT_CONTEXT', 'LOG_LEVEL', 'FILES_DIR'],
    ...['DATABASE_URL', 'MONGODB_URI', 'IDENTITY_URL', 'OPERATIONS_URL', 'NATS_URL', 'REDIS_URL', 'PUBLIC_URL'],
    ...['STACK_SECRET', 'TRUSTED_PROXIES', 'CORS_ORIGINS', 'SMTP_URL', 'MAIL_FROM'],
  ];

  it.each(parts)('gives %s the settings that it reads, and no other', (name, service) => {
    const schemas = Object.assign({}, ...SETTING_GROUPS.map(({ settings }) => settings)) as Record<string, never>;
    const wanted = NEEDED.filter((setting) => reads(name, service.command!, references.get(schemas[setting]!)!.readBy));
    const peers = reads(name, service.command!, references.get(ofProduct.URL)!.readBy)
      ? products.map((product) => `${product.toUpperCase()}_URL`)
      : [];
    expect(Object.keys(environmentOf(service)).sort()).toEqual([...wanted, ...peers].sort());
    settingsOf(service); // throws where it cannot be used
  });

  it('lets each part listen where the others look for it', () => {
    const ports = new Map(parts.map(([name, service]) => [name, settingsOf(service).port]));
    for (const [name, { routingUrl }] of SUPERGRAPH.subgraphs)
      expect([name, ports.get(name)]).toEqual([name, Number(new URL(routingUrl).port)]);
    expect(ports.get('gateway')).toBe(DEFAULT_GATEWAY_PORT);
    expect(ports.get('worker')).toBeDefined(); // else it serves no health

    const theirs: Record<string, string> = { postgres: '5432', redis: '6379', nats: '4222' };
    for (const [name, service] of parts)
      for (const [variable, value] of Object.entries(environmentOf(service)).filter(([each]) =>
        /_UR[LI]$/.test(each),
      )) {
        if (!value || value === FILLED_IN['PUBLIC_URL']) continue;
        const { hostname, port } = new URL(value);
        const expected = theirs[hostname] ?? String(ports.get(hostname));
        expect([variable, port]).toEqual([variable, expected]);
        const reachable = services[hostname]!.networks.some((network) => service.networks.includes(network));
        expect([name, variable, reachable]).toEqual([name, variable, true]);
      }
  });

  it('is for customers unless somebody says otherwise: no demo, a secret that was given, https', () => {
    for (const [, service] of parts)
      expect(settingsOf(service)).toMatchObject({ development: false, deployment: 'customer', httpsRequired: true });
    expect(parts.filter(([, { environment }]) => 'STACK_SECRET' in environment!).map(([name]) => name)).toEqual([
      'identity',
    ]);
  });

  it('publishes the gateway and Grafana, to this machine alone, and trusts the address under which it is seen from there', () => {
    const published = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]));
    expect(published).toEqual([
      ['gateway', `127.0.0.1:${DEFAULT_GATEWAY_PORT}:${DEFAULT_GATEWAY_PORT}`],
      ['grafana', '127.0.0.1:3000:3000'],
    ]);
    // Of its networks the only one that anything is published on.
    const open = services['gateway']!.networks.filter((network) => !COMPOSE.networks[network]!.internal);
    expect(open.map((network) => COMPOSE.networks[network]!.ipam?.config[0]!.gateway)).toEqual(
      settingsOf(services['gateway']!).trustedProxies,
    );
  });

  it('keeps databases, events and counters from whoever has no business there', () => {
    const inNetwork = (network: string) =>
      Object.keys(services).filter((name) => services[name]!.networks.includes(network));
    const dataSide = parts.map(([name]) => name).filter((name) => name !== 'gateway');
    expect(inNetwork('data')).toEqual([...dataSide, 'postgres', 'nats', 'mongodb']);
    expect(inNetwork('counters')).toEqual(['gateway', 'redis']);
    for (const network of ['data', 'counters']) expect(COMPOSE.networks[network]!.internal).toBe(true);
    for (const name of ['postgres', 'redis', 'nats', 'mongodb']) expect(services[name]!.networks).toHaveLength(1);
  });

  it.each(parts)(
    'gives %s a filesystem that is read only, no rights, and the time that stopping takes',
    (_name, part) => {
      expect(part).toMatchObject({
        read_only: true,
        tmpfs: ['/tmp'],
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        init: true,
        restart: 'unless-stopped',
      });
      expect(Number.parseInt(part.stop_grace_period!) * 1_000).toBeGreaterThanOrEqual(STOP_WITHIN_MS);
      expect(part.healthcheck.test).toEqual(['CMD', ...commandOf('HEALTHCHECK')]);
      const written = part.volumes!.map((volume) => volume.split(':')[1]);
      const { DATA_DIR, FILES_DIR } = environmentOf(part);
      expect(written).toEqual([DATA_DIR, FILES_DIR].filter((path) => path !== undefined));
      // A volume takes its owner from the image's folder.
      const made = instructions('RUN')
        .map((run) => run.getArgumentsContent())
        .join('\n');
      for (const path of written)
        expect(made).toMatch(new RegExp(`install -d -o node -g node -m 07[01][01] ${path}( |$)`, 'm'));
    },
  );

  it('mounts files that a clone has, and volumes that it declares', () => {
    const mounts = Object.values(services).flatMap(({ volumes = [] }) => volumes.map((volume) => volume.split(':')));
    const named = mounts.filter(([source]) => !source!.startsWith('./'));
    expect([...new Set(named.map(([source]) => source))].sort()).toEqual(Object.keys(COMPOSE.volumes).sort());
    for (const [source, , mode] of mounts.filter(([each]) => each!.startsWith('./')))
      expect([source, isInClone(source!.slice(2)), mode]).toEqual([source, true, 'ro']);
  });

  it('names a version of every image; its own is that of package.json', () => {
    for (const [, { image }] of others) expect(image).toMatch(/^[a-z/]+:v?\d+\.\d+(\.\d+)?(-[a-z0-9.]+)?$/);
    expect(new Set(parts.map(([, { image }]) => filledIn(image)))).toEqual(
      new Set([`inevitable-cloud-stack:${PACKAGE.version}`]),
    );
  });

  it('looks at the health of every service, at a port and a path that it serves', () => {
    const asked = others.map(([name, { healthcheck }]) => [name, healthcheck.test.slice(1).join(' ')]);
    expect(Object.fromEntries(asked)).toEqual({
      postgres: expect.stringMatching(
        /^psql --host=127\.0\.0\.1 --username=stack_admin --dbname=stack .*--command=SELECT 1$/,
      ),
      redis: 'redis-cli ping',
      nats: expect.stringContaining('http://127.0.0.1:8222/healthz'),
      mongodb: expect.stringMatching(/^mongosh /),
      prometheus: expect.stringContaining('http://127.0.0.1:9090/-/ready'),
      grafana: expect.stringContaining('http://127.0.0.1:3000/api/health'),
    });
    expect(services['nats']!.command!.join(' ')).toContain('--http_port 8222');
    for (const [name, { depends_on = {} }] of Object.entries(services))
      for (const [peer, { condition, required = true }] of Object.entries(depends_on)) {
        expect([name, peer, condition]).toEqual([name, peer, 'service_healthy']);
        expect([peer, required]).toEqual([peer, services[peer]!.profiles === undefined]);
      }
  });
});

describe('deploy/env.example', () => {
  it('has exactly what compose.yaml asks for: no secret with a value, and everything without one told of', () => {
    const asked = [...COMPOSE_TEXT.matchAll(VARIABLE)].map(([, name, how, said]) => ({ name: name!, how, said }));
    const required = asked.filter(({ how }) => how === ':?');
    expect(new Set(required.map(({ name }) => name))).toEqual(new Set(toFillIn.map(([name]) => name)));
    for (const { said } of required) expect(said).toBe('copy deploy/env.example to .env and fill it in');
    for (const [name, value] of toFillIn) expect([name, value]).toEqual([name, '']);
    const mayBeGiven = asked.filter(({ how }) => how !== ':?').map(({ name }) => name);
    expect(new Set([...mayBeGiven, 'COMPOSE_PROFILES'])).toEqual(new Set(mayStay.map(([name]) => name)));
    expect(Object.keys(FILLED_IN).sort()).toEqual(toFillIn.map(([name]) => name).sort());
    // What it shows as it is by default is what it is by default.
    for (const { name, said } of asked.filter(({ how, said }) => how === ':-' && said))
      expect([name, new Map(mayStay).get(name)]).toEqual([name, said]);
  });

  it('keeps the answers out of git and of the image', () => {
    expect(read('.gitignore').split('\n')).toContain('.env');
    expect(getsIn('.env')).toBe(false);
  });
});

describe('What compose.yaml mounts', () => {
  it('makes the login and the database of DATABASE_URL', () => {
    const { username, pathname } = new URL(environmentOf(services['identity']!)['DATABASE_URL']!);
    const script = read('deploy/postgres/stack-admin.sh');
    expect(script).toContain(`CREATE ROLE ${username} LOGIN CREATEROLE`);
    expect(script).toContain(`CREATE DATABASE ${pathname.slice(1)} OWNER ${username};`);
    const given = ['POSTGRES_USER', ...Object.keys(services['postgres']!.environment!)]; // the image's own default
    for (const [, name] of script.matchAll(/\$(\w+)/g)) expect(given).toContain(name);
    expect(services['postgres']!.environment!['STACK_ADMIN_PASSWORD']).toContain('${DATABASE_PASSWORD:?');
  });

  it('lets Prometheus ask every part for its metrics, by its name', () => {
    interface Scraped {
      rule_files: string[];
      scrape_configs: { metrics_path?: string; static_configs: { targets: string[]; labels: { part: string } }[] }[];
    }
    const { rule_files, scrape_configs } = parse(read('deploy/prometheus/prometheus.yml')) as Scraped;
    const [stack, ...more] = scrape_configs;
    expect([stack!.metrics_path ?? '/metrics', more]).toEqual(['/metrics', []]);
    const scraped = stack!.static_configs.map(({ targets, labels: { part } }) => [part, targets]);
    const served = parts.map(([name, service]) => [name, [`${name}:${settingsOf(service).metricsPort}`]]);
    expect(Object.fromEntries(scraped)).toEqual(Object.fromEntries(served));
    const { networks, volumes } = services['prometheus']!;
    for (const [, part] of parts) expect(part.networks.some((network) => networks.includes(network))).toBe(true);
    const mounted = volumes!.map((volume) => volume.split(':')[1]);
    for (const file of rule_files) expect(mounted).toContain(file);
    for (const flag of services['prometheus']!.command!.filter((each) => each.includes('=/')))
      expect(mounted).toContain(flag.split('=')[1]);
  });

  it('leads Grafana to Prometheus, and to the dashboards that are mounted', () => {
    const folder = 'deploy/grafana/provisioning';
    const { datasources } = parse(read(join(folder, 'datasources/prometheus.yml'))) as {
      datasources: { url: string }[];
    };
    expect(datasources.map(({ url }) => url)).toEqual(['http://prometheus:9090']);
    const { providers } = parse(read(join(folder, 'dashboards/stack.yml'))) as {
      providers: { options: { path: string } }[];
    };
    const mounted = services['grafana']!.volumes!.map((volume) => volume.split(':')[1]);
    for (const { options } of providers) expect(mounted).toContain(options.path);
    expect(mounted).toContain('/etc/grafana/provisioning');
    expect(dirname(folder)).toBe('deploy/grafana');
  });
});
