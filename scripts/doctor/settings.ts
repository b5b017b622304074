import { assertOneJobStore } from '../parts/databases.js';
import { productsOf } from '../parts/products.js';
import { SETTING_NAMES } from '../settings/environment.js';
import type { Settings } from '../settings/settings.js';
import { ok, problem, warning, type Check, type Said } from './check.js';
import type { Patient } from './patient.js';
import { maskedSetting } from './secrets.js';

/** Of a product or of the job store: `PLATFORMFORGE_OWNER_DATABASE_URL`, `STARTER_URL`. */
const OF_PRODUCT = /^([A-Z][A-Z0-9_]*?)_((?:OWNER_|SYSTEM_|READER_)?DATABASE_URL|DEPLOYMENT_CONTEXT|URL)$/;
const JOB_STORE = 'JOBS';
const PARTS: readonly string[] = ['IDENTITY', 'OPERATIONS'];

const DEFAULT_PORT = 8_080;
const ON_THIS_MACHINE = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

/** Whether a variable is read by the stack, or looks as if somebody meant it to be. */
export const isSetting = (name: string): boolean => SETTING_NAMES.includes(name) || OF_PRODUCT.test(name);

/** Every setting that is set, and those that contradict each other. */
export const settingsCheck: Check = {
  name: 'settings',
  async run(patient) {
    const { env, settings, settingsFailure } = patient;
    if (!settings)
      return [problem(settingsFailure ?? 'The settings cannot be read.', 'Every setting is in docs/operations.md.')];
    const products = await patient.config().then(productsOf, () => null); // supergraph.yaml has a check of its own
    const known = products && [...products.map(prefixOf), ...PARTS, JOB_STORE];
    const set = SETTING_NAMES.concat(
      Object.keys(env).filter((name) => !SETTING_NAMES.includes(name) && isOurs(name, known)),
    )
      .filter((name) => env[name])
      .map((name) => ok(`${name}=${maskedSetting(name, env[name]!)}`));
    return [
      ...(set.length ? set : [ok('No setting is set: everything is as it is by default.')]),
      ...(known ? settingsOfNobody(env, known) : []),
      ...(products ? refusedDeployments(settings, products) : []),
      ...contradictions(patient, settings),
    ];
  },
};

const prefixOf = (product: string): string => product.toUpperCase().replaceAll('-', '_');

/** Any program may have an address in its environment: ours are those of our products. */
const isOurs = (name: string, known: readonly string[] | null): boolean => {
  const [, product] = OF_PRODUCT.exec(name) ?? [];
  return product !== undefined && (known?.includes(product) ?? false);
};

function settingsOfNobody(env: NodeJS.ProcessEnv, known: readonly string[]): Said[] {
  return Object.keys(env).flatMap((name) => {
    const [, product, what] = OF_PRODUCT.exec(name) ?? [];
    if (!env[name] || SETTING_NAMES.includes(name) || product === undefined || known.includes(product)) return [];
    if (!what!.endsWith('DATABASE_URL')) return [];
    return [
      warning(`${name} is set, and no product of supergraph.yaml is called so.`, 'Correct the name, or unset it.'),
    ];
  });
}

function refusedDeployments(settings: Settings, products: readonly string[]): Said[] {
  try {
    settings.assertDeploymentsOf(products);
    return [];
  } catch (error) {
    return [problem((error as Error).message, 'No part that loads products starts before that.')];
  }
}

function contradictions({ env }: Patient, settings: Settings): Said[] {
  const said: Said[] = [];
  const { port = DEFAULT_PORT, metricsPort, host, publicUrl, deployment, development, demoPassword } = settings;
  if (metricsPort !== undefined && metricsPort !== 0 && metricsPort === port)
    said.push(problem(`METRICS_PORT and PORT are both ${port}.`, 'Give METRICS_PORT another one.'));
  if (development && !ON_THIS_MACHINE.test(host))
    said.push(
      warning(
        `HOST=${host} lets other machines reach a stack with demo users${demoPassword ? ' of a given password' : ''}.`,
        'Set DEPLOYMENT_CONTEXT=customer or NODE_ENV=production, or leave HOST at 127.0.0.1.',
      ),
    );
  if (publicUrl !== undefined && deployment === 'customer' && new URL(publicUrl).protocol === 'http:')
    said.push(
      warning('PUBLIC_URL is not https where customers are: tokens travel in the clear.', 'Give the address with TLS.'),
    );
  if (deployment === 'customer' && settings.secret === undefined)
    said.push(
      warning(
        'STACK_SECRET is not set where customers are.',
        'Core-identity does not start without; no other part needs it.',
      ),
    );
  if (env['NODE_ENV'] === 'production' && settings.databaseUrl === undefined)
    said.push(
      warning(
        'NODE_ENV is production and DATABASE_URL is not set: the embedded database is one process on this disk, without backups.',
        'Set DATABASE_URL, or see to backups of the data directory.',
      ),
    );
  try {
    assertOneJobStore(settings);
  } catch (error) {
    said.push(problem((error as Error).message, 'No part starts before that.'));
  }
  for (const name of Object.keys(env).filter((each) => /(^|_)DATABASE_URL$/.test(each) && env[each])) {
    const { hostname, protocol, searchParams } = new URL(URL.canParse(env[name]!) ? env[name]! : 'none://localhost');
    if (/^postgres/.test(protocol) && searchParams.get('sslmode') === 'disable' && !ON_THIS_MACHINE.test(hostname))
      said.push(
        warning(`${name} leads to another machine without TLS (sslmode=disable).`, 'Let it be sslmode=verify-full.'),
      );
  }
  return said;
}
