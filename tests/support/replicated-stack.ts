import { rm } from 'node:fs/promises';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import pg from 'pg';
import { startBalancer, type Balancer } from './balancer.js';
import { freePort } from './free-port.js';
import { DEMO_PASSWORD, runStack, temporaryDirectory, until, type StackProcess } from './test-stack.js';

/** How each part is started; all but the worker stand behind a balancer of their own. */
const PARTS = {
  identity: ['start', 'identity'],
  operations: ['start', 'operations'],
  starter: ['start', 'subgraph', 'starter'],
  platformforge: ['start', 'subgraph', 'platformforge'],
  gateway: ['start', 'gateway'],
} as const;
export type ReplicatedPart = keyof typeof PARTS;

/** Beside what else runs on two cores. */
const STARTS_WITHIN_MS = 60_000;
/** The balancer asks ten times a second, and believes the second failure. */
const STOP_DELAY_SECONDS = '1';

export interface Replica {
  readonly url: string;
  readonly process: StackProcess;
}

/** The stack apart, with one or more processes of each part. */
export class ReplicatedStack {
  readonly #replicas = new Map<ReplicatedPart, Replica[]>();
  readonly #started: StackProcess[] = [];
  #worker: StackProcess | null = null;

  private constructor(
    readonly dataDir: string,
    readonly database: TestDatabase,
    readonly balancers: Readonly<Record<ReplicatedPart, Balancer>>,
    readonly natsUrl: string | null,
  ) {}

  /** One of each part, and two gateways. `natsUrl`: null without subscriptions. */
  static async start(natsUrl: string | null): Promise<ReplicatedStack> {
    const parts = Object.keys(PARTS) as ReplicatedPart[];
    const balancers = await Promise.all(parts.map(async (part) => [part, await startBalancer()] as const));
    const stack = new ReplicatedStack(
      await temporaryDirectory(),
      await createTestDatabase('empty', () => Promise.resolve()),
      Object.fromEntries(balancers) as Record<ReplicatedPart, Balancer>,
      natsUrl,
    );
    stack.#worker = runStack(['start', 'worker'], stack.#environment);
    await Promise.all([...parts, 'gateway' as const].map((part) => stack.add(part)));
    return stack;
  }

  get url(): string {
    return this.balancers.gateway.url;
  }

  get #environment(): Record<string, string> {
    return {
      DATA_DIR: this.dataDir,
      DATABASE_URL: this.database.url,
      STACK_DEMO_PASSWORD: DEMO_PASSWORD,
      STOP_DELAY_SECONDS,
      PUBLIC_URL: this.url,
      ...(this.natsUrl !== null && { NATS_URL: this.natsUrl }),
      ...Object.fromEntries(
        Object.entries(this.balancers)
          .filter(([part]) => part !== 'gateway')
          .map(([part, { url }]) => [`${part.toUpperCase()}_URL`, url]),
      ),
    };
  }

  replicasOf(part: ReplicatedPart): readonly Replica[] {
    return this.#replicas.get(part) ?? [];
  }

  /** Lines of every process of it, those that ended too. */
  toldBy(part: ReplicatedPart): readonly string[] {
    const started = this.#started.filter((each) => each.part === PARTS[part].join(' '));
    return started.flatMap((each) => each.output().split('\n'));
  }

  /** Starts one more; resolves when the balancer sends it requests. */
  async add(part: ReplicatedPart): Promise<void> {
    const port = await freePort();
    const process = runStack(PARTS[part], { ...this.#environment, PORT: String(port) });
    this.#started.push(process);
    const replica = { url: `http://127.0.0.1:${port}`, process };
    this.#replicas.set(part, [...this.replicasOf(part), replica]);
    const { [part]: balancer } = this.balancers;
    balancer.add(replica.url);
    await this.#whileRunning(
      process,
      until(`${part} is in`, () => balancer.isIn(replica.url), STARTS_WITHIN_MS),
    );
  }

  /** Stops the oldest as a supervisor does; answers its exit code. */
  async remove(part: ReplicatedPart): Promise<number | NodeJS.Signals> {
    const [oldest, ...others] = this.replicasOf(part);
    this.#replicas.set(part, others);
    oldest!.process.child.kill('SIGTERM');
    const how = await oldest!.process.ended;
    this.balancers[part].remove(oldest!.url);
    return how;
  }

  /** Stops the worker, then starts another. */
  async replaceWorker(): Promise<number | NodeJS.Signals> {
    const before = this.#worker!;
    before.child.kill('SIGTERM');
    const how = await before.ended;
    const after = (this.#worker = runStack(['start', 'worker'], this.#environment));
    await this.#whileRunning(
      after,
      until('the worker is ready', () => after.printed().includes('worker is ready'), STARTS_WITHIN_MS),
    );
    return how;
  }

  /** As the database's superuser. */
  async sql(text: string): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ connectionString: this.database.url });
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  async close(): Promise<void> {
    const processes = [...this.#replicas.values()].flat().map(({ process }) => process);
    for (const { child, ended } of [...processes, this.#worker!]) {
      child.kill('SIGKILL');
      await ended;
    }
    await Promise.all(Object.values(this.balancers).map((balancer) => balancer.close()));
    await this.database.drop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  async #whileRunning(process: StackProcess, done: Promise<void>): Promise<void> {
    const died = process.ended.then((how) => {
      throw new Error(`"stack ${process.part}" ended with ${how}:\n${process.output()}`);
    });
    died.catch(() => undefined); // once it is there, its end is the test's business
    await Promise.race([
      died,
      done.catch((error: Error) => {
        throw new Error(`${error.message}\n${process.output()}`);
      }),
    ]);
  }
}
