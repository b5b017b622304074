import { spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseSupergraphConfig } from '@inevitable/gateway';
import { createTestDatabase, until, type TestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { freePort } from './free-port.js';

/** jest.config.js runs the behaviour suite once with each. */
export type StackMode = 'one-process' | 'apart';
declare const STACK_MODE: StackMode;
export const stackMode = (): StackMode => STACK_MODE;

const ROOT = process.cwd();
export const DEMO_PASSWORD = 'correct horse battery staple';

export interface GraphQLAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    data?: Record<string, unknown> | null;
    errors?: { message: string; path?: unknown[]; extensions: Record<string, unknown> }[];
  };
  readonly text: string;
}

export interface Session {
  readonly accessToken: string;
  readonly refreshToken: string;
  query(query: string, variables?: Record<string, unknown>): Promise<GraphQLAnswer>;
}

/** One process of the real thing, as `npm start` or `stack start …` runs it. */
export interface StackProcess {
  readonly part: string;
  readonly child: ChildProcess;
  /** Standard output and standard error. */
  readonly output: () => string;
  /** Standard output alone. */
  readonly printed: () => string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

export function runStack(args: readonly string[], env: Record<string, string>, detached = false): StackProcess {
  const child = spawn(process.execPath, [join(ROOT, 'scripts/bin/stack.js'), ...args], {
    cwd: ROOT,
    // One suite asks for more than a minute's worth.
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], RATE_LIMITS: 'off', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
  });
  let output = '';
  let printed = '';
  child.stdout!.on('data', (text) => {
    output += text;
    printed += text;
  });
  child.stderr!.on('data', (text) => (output += text));
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  return { part: args.join(' '), child, output: () => output, printed: () => printed, ended };
}

/** A data directory below the system's temporary folder, passable for the embedded database's own user. */
export async function temporaryDirectory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'stack-data-'));
  await chmod(path, 0o711);
  return path;
}

/** In the order of supergraph.yaml. */
async function subgraphNames(): Promise<readonly string[]> {
  const path = join(ROOT, 'supergraph.yaml');
  return [...parseSupergraphConfig(await readFile(path, 'utf8'), path).subgraphs.keys()];
}

export { until };

/** Six processes beside six of another test's, on two cores. */
const STARTS_WITHIN_MS = 100_000;

export class TestStack {
  readonly url: string;
  processes: StackProcess[] = [];

  private constructor(
    readonly mode: StackMode,
    readonly dataDir: string,
    readonly database: TestDatabase | null,
    private readonly ports: ReadonlyMap<string, number>,
    private readonly metricsPorts: ReadonlyMap<string, number>,
    private readonly settings: Readonly<Record<string, string>>,
  ) {
    this.url = this.partUrl('gateway');
  }

  /**
   * Starts the stack and waits until it is ready. `embedded`: its own database in place of the test cluster's. `settings`:
   * environment variables of every process.
   */
  static async start({
    mode = stackMode(),
    embedded = false,
    settings = {},
  }: { mode?: StackMode; embedded?: boolean; settings?: Readonly<Record<string, string>> } = {}): Promise<TestStack> {
    const parts = ['gateway', ...(await subgraphNames())];
    const freePorts = (names: readonly string[]) =>
      Promise.all(names.map(async (name) => [name, await freePort()] as const));
    const [ports, metricsPorts] = await Promise.all([freePorts(parts), freePorts([...parts, 'worker'])]);
    const database = embedded ? null : await createTestDatabase('empty', () => Promise.resolve());
    const stack = new TestStack(
      mode,
      await temporaryDirectory(),
      database,
      new Map(ports),
      new Map(metricsPorts),
      settings,
    );
    await stack.start();
    return stack;
  }

  get environment(): Record<string, string> {
    return {
      DATA_DIR: this.dataDir,
      STACK_DEMO_PASSWORD: DEMO_PASSWORD,
      PUBLIC_URL: this.url,
      ...Object.fromEntries(
        this.subgraphs.map((name) => [`${name.toUpperCase().replaceAll('-', '_')}_URL`, this.partUrl(name)]),
      ),
      ...(this.database && { DATABASE_URL: this.database.url }),
      ...this.settings,
    };
  }

  partUrl(part: string): string {
    return `http://127.0.0.1:${this.ports.get(part)}`;
  }

  /** What Prometheus would read of the process that a part runs in. */
  async metricsOf(part: string): Promise<string> {
    const process = this.mode === 'one-process' ? 'gateway' : part;
    return (await fetch(`http://127.0.0.1:${this.metricsPorts.get(process)}/metrics`)).text();
  }

  private get subgraphs(): readonly string[] {
    return [...this.ports.keys()].filter((part) => part !== 'gateway');
  }

  /** Those of supergraph.yaml that are products: each is started by its name. */
  private get products(): readonly string[] {
    return this.subgraphs.filter((name) => name !== 'identity' && name !== 'operations');
  }

  async start(): Promise<void> {
    const run = (args: string[], part: string) =>
      runStack(args, {
        ...this.environment,
        METRICS_PORT: String(this.metricsPorts.get(part)),
        ...(this.ports.has(part) && { PORT: String(this.ports.get(part)) }),
      });
    this.processes =
      this.mode === 'one-process'
        ? [run(['start'], 'gateway')]
        : [
            run(['start', 'identity'], 'identity'),
            run(['start', 'operations'], 'operations'),
            ...this.products.map((name) => run(['start', 'subgraph', name], name)),
            run(['start', 'worker'], 'worker'),
            run(['start', 'gateway'], 'gateway'),
          ];
    const died = Promise.race(
      this.processes.map(async (each) => {
        const how = await each.ended;
        throw new Error(`"stack ${each.part}" ended with ${how} while starting:\n${each.output()}`);
      }),
    );
    died.catch(() => undefined); // after the start it is the test's business
    await Promise.race([
      died,
      until(
        'the stack is ready',
        async () => (await fetch(`${this.url}/health`)).ok && (await fetch(`${this.url}/ready`)).ok,
        STARTS_WITHIN_MS,
      ).catch((error: Error) => {
        throw new Error(`${error.message}\n${this.processes.map((each) => each.output()).join('\n')}`);
      }),
    ]);
  }

  /** One more process beside those that run. */
  startAnother(args: readonly string[]): StackProcess {
    const another = runStack(args, this.environment);
    this.processes.push(another);
    return another;
  }

  processOf(part: string): StackProcess {
    return this.processes.find((each) => each.part === part)!;
  }

  /** Sends `signal` to every process; answers how each ended. */
  async signal(signal: NodeJS.Signals): Promise<(number | NodeJS.Signals)[]> {
    for (const { child } of this.processes) child.kill(signal);
    return Promise.all(this.processes.map(({ ended }) => ended));
  }

  async close(): Promise<void> {
    await this.signal('SIGTERM');
    await this.database?.drop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<GraphQLAnswer> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      text,
      body: text ? (JSON.parse(text) as GraphQLAnswer['body']) : {},
    };
  }

  query(
    query: string,
    variables: Record<string, unknown> = {},
    headers: Record<string, string> = {},
  ): Promise<GraphQLAnswer> {
    return this.post('/graphql', { query, variables }, headers);
  }

  async signIn(email: string, tenant?: string): Promise<Session> {
    const { status, text } = await this.post('/auth/login', {
      email,
      password: DEMO_PASSWORD,
      ...(tenant && { tenant }),
    });
    if (status !== 200) throw new Error(`Sign-in of ${email} answered ${status}: ${text}`);
    const { accessToken, refreshToken } = JSON.parse(text) as { accessToken: string; refreshToken: string };
    return {
      accessToken,
      refreshToken,
      query: (query, variables) => this.query(query, variables, { authorization: `Bearer ${accessToken}` }),
    };
  }

  /** Moves the time in SQL of every schema, the job store's too, in every process at once. */
  async advanceClock({ seconds }: { readonly seconds: number }): Promise<void> {
    const clocks = await this.sql(`select table_schema from information_schema.tables where table_name = 'clock'`);
    for (const { table_schema: schema } of clocks)
      await this.sql(`update ${String(schema)}.clock set ahead = ahead + make_interval(secs => $1)`, seconds);
  }

  /** Behind the stack's back, as the database's superuser. */
  async sql(text: string, ...values: unknown[]): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.database?.url ?? (await this.embeddedUrl()) });
    await client.connect();
    try {
      return (await client.query(text, values)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  private async embeddedUrl(): Promise<string> {
    const postgres = join(this.dataDir, 'postgres');
    const [, , , port] = (await readFile(join(postgres, 'data', 'postmaster.pid'), 'utf8')).split('\n');
    const password = (await readFile(join(postgres, 'password'), 'utf8')).trim();
    return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/stack`;
  }
}
