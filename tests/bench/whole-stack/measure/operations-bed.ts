import { setTimeout as wait } from 'node:timers/promises';
import { freePort, PASSWORD, startStackBed, type StackBed } from '../../identity/measure/stack-bed.js';
import { startPostgresql } from '../../identity/measure/postgresql.js';
import { ask } from '../../measure/ask.js';
import { startProcess } from '../../processes/start-process.js';
import { machineCpuMs, usageOf } from '../../processes/usage.js';
import type { RateResult, SenderOrder } from '../load/rate-order.js';
import { CREATE_NOTE, type Caller } from '../mix.js';
import type { Options } from '../options.js';

const NOTES_PER_TENANT = 25;
const PLATFORMS_PER_TENANT = 3;
const GENERATED_WITHIN_MS = 60_000;
const SIGN_INS_AT_ONCE = 4;
/** Of tokens that are good for 15 minutes; no load lasts for more than half of it. */
const RENEW_AFTER_MS = 7 * 60_000;

/**
 * Of each tenant: so much that its limits are counted and none is reached. What a stack bears is asked here, and not
 * what it is told to refuse.
 */
const FEATURES = {
  'gateway.units-per-minute': 1e9,
  'gateway.units-per-hour': 1e11,
  'gateway.units-per-day': 1e12,
};

const GENERATE_PLATFORM = /* GraphQL */ `
  mutation GeneratePlatform($name: String!) {
    generatePlatform(input: { name: $name, template: "static-site" }) {
      id
    }
  }
`;
const STATES = /* GraphQL */ `
  query States {
    platforms(first: 100) {
      nodes {
        status
      }
    }
  }
`;

/** User and system time since the start, in milliseconds. */
export interface CpuTimes {
  readonly stackMs: number;
  readonly postgresqlMs: number;
  readonly senderMs: number;
  /** Of everybody on this machine. */
  readonly machineMs: number;
}

/** The stack, its PostgreSQL and whoever sends, each in a process of its own, and people who are signed in. */
export interface OperationsBed {
  send(perSecond: number, durationMs: number): Promise<RateResult>;
  cpu(): Promise<CpuTimes>;
  /** Of the stack's process. */
  rssMb(): Promise<number>;
  close(): Promise<void>;
}

export async function openOperationsBed(
  { tenants, people }: Options,
  report: (line: string) => void,
): Promise<OperationsBed> {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).reverse()) await one();
  };
  try {
    report('starting PostgreSQL and the stack …');
    const postgresql = await startPostgresql();
    closers.push(postgresql.close);
    // All is counted, and nobody refused: the people are fewer than those they stand for.
    const everything = { RATE_LIMITS: 'log', REQUEST_LOG: 'all', METRICS_PORT: String(await freePort()) };
    const stack = await startStackBed(postgresql, everything);
    closers.push(stack.close);
    const url = `${stack.url}/graphql`;
    const sender = await startProcess<null>(new URL('../load/send-operations.js', import.meta.url), { url });
    closers.push(sender.stop);

    report(`signing in ${people} people of each of ${tenants} tenants …`);
    const slugs = Array.from({ length: tenants }, (_, at) => `bench-${at}`);
    const emails: string[][] = [];
    for (const tenant of slugs) {
      await stack.tenant(tenant, FEATURES);
      emails.push([...(await stack.people(people, { tenant, role: 'member' }))]);
    }
    let tokens = await signIn(stack, emails);
    let signedInAt = performance.now();
    report('writing notes, and generating platforms …');
    const noteIds = await Promise.all(tokens.map((ofTenant) => furnish(url, ofTenant)));
    const tell = (): Promise<null> => {
      const callers = tokens.flatMap((ofTenant, at) =>
        ofTenant.map((token): Caller => ({ token, noteIds: noteIds[at]! })),
      );
      return sender.ask<null>({ kind: 'callers', callers } satisfies SenderOrder);
    };
    await tell();

    const cpuMs = async (pid: number): Promise<number> => (await usageOf(pid)).cpuMs;
    return {
      async send(perSecond, durationMs) {
        if (performance.now() - signedInAt > RENEW_AFTER_MS) {
          tokens = await signIn(stack, emails);
          signedInAt = performance.now();
          await tell();
        }
        return sender.ask<RateResult>({ kind: 'send', perSecond, durationMs } satisfies SenderOrder);
      },
      cpu: async () => ({
        stackMs: await cpuMs(stack.pid),
        postgresqlMs: await cpuMs(postgresql.pid),
        senderMs: await cpuMs(sender.pid),
        machineMs: await machineCpuMs(),
      }),
      rssMb: async () => (await usageOf(stack.pid)).rssMb,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** An access token of each. */
async function signIn(stack: StackBed, emails: readonly (readonly string[])[]): Promise<string[][]> {
  const tokens = new Map<string, string>();
  const waiting = emails.flat();
  const inTurn = async (): Promise<void> => {
    for (let email = waiting.pop(); email !== undefined; email = waiting.pop()) {
      const { status, body } = await stack.login(email, PASSWORD);
      if (status !== 200) throw new Error(`A sign-in was answered with ${status}.`);
      tokens.set(email, body.accessToken);
    }
  };
  await Promise.all(Array.from({ length: SIGN_INS_AT_ONCE }, inTurn));
  return emails.map((ofTenant) => ofTenant.map((email) => tokens.get(email)!));
}

/** Gives a tenant notes of all its people, and platforms that are ready. Answers the notes' ids. */
async function furnish(url: string, tokens: readonly string[]): Promise<readonly string[]> {
  const asked = async <Data>(at: number, query: string, variables = {}): Promise<Data> => {
    const { data } = await ask(url, JSON.stringify({ query, variables }), tokens[at % tokens.length]!);
    return data as Data;
  };
  for (let at = 0; at < PLATFORMS_PER_TENANT; at++) await asked(at, GENERATE_PLATFORM, { name: `Platform ${at}` });
  const noteIds: string[] = [];
  for (let at = 0; at < NOTES_PER_TENANT; at++) {
    const text = `Note ${at} of the benchmark, with some words.`;
    noteIds.push((await asked<{ createNote: { id: string } }>(at, CREATE_NOTE, { text })).createNote.id);
  }
  const giveUpAt = performance.now() + GENERATED_WITHIN_MS;
  const areReady = async (): Promise<boolean> => {
    const { platforms } = await asked<{ platforms: { nodes: { status: string }[] } }>(0, STATES);
    return platforms.nodes.every(({ status }) => status === 'READY');
  };
  while (!(await areReady())) {
    if (performance.now() > giveUpAt) throw new Error('The platforms were not generated within a minute.');
    await wait(200);
  }
  return noteIds;
}
