import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HealthReport, NewVersion, Publication, SubgraphSchema } from '@inevitable/contract';
import { composeSupergraph, parseSupergraphConfig } from '@inevitable/gateway';
import { completeSchemaText, roleUrl } from '@inevitable/kit/host';
import { openSchemaRegistry } from '@inevitable/operations';
import { pino } from 'pino';
import { httpPeer, type HttpPeer } from '../../gateway/test-support/test-subgraphs.js';
import { until, type TestStack } from './test-stack.js';

const SCHEMA = 'type Query { elsewhere: Elsewhere } type Elsewhere { text: String }';

export type Content = Pick<NewVersion, 'sdl' | 'subgraphs'>;

/** A subgraph that no process of the stack hosts, and the supergraph that has it. */
export interface Elsewhere {
  readonly peer: HttpPeer;
  /** Of the stack's own subgraphs, and this one. */
  readonly supergraph: Content;
}

/** Its `{ elsewhere { text } }` answers `text`. */
export async function openElsewhere(text: string): Promise<Elsewhere> {
  const peer = await httpPeer((_request, response) => {
    // Whatever is asked of it, health too: the stack asks for nothing else.
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ data: { elsewhere: { __typename: 'Elsewhere', text } } }));
  });
  return { peer, supergraph: await composedWith({ name: 'elsewhere', routingUrl: peer.url, sdl: SCHEMA }) };
}

/** What `{ elsewhere { text } }` answers there; null: the schema has no such field. */
export async function textElsewhere(url: string): Promise<string | null> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query: '{ elsewhere { text } }' }),
  });
  const { data } = (await response.json()) as { data?: { elsewhere: { text: string } } };
  return data?.elsewhere.text ?? null;
}

/** Why this part of a gateway that is ready is not as it should be, or null. Throws where the gateway is not ready. */
export async function reasonOf(part: string, url: string): Promise<string | null> {
  const response = await fetch(`${url}/ready`);
  const text = await response.text();
  const { parts } = JSON.parse(text) as HealthReport;
  const found = parts.find(({ name }) => name === part);
  if (response.status !== 200 || !found?.ready) throw new Error(`"${part}" is not ready: ${text}`);
  return found.reason;
}

/** What supergraph.yaml composes to together with these. */
export async function composedWith(...more: readonly SubgraphSchema[]): Promise<Content> {
  const root = process.cwd();
  const config = parseSupergraphConfig(await readFile(join(root, 'supergraph.yaml'), 'utf8'), 'supergraph.yaml');
  const ours = await Promise.all(
    [...config.subgraphs.values()].map(async ({ name, routingUrl, schema }) => {
      if (schema.kind !== 'file') throw new Error(`The schema of "${name}" is not in a file.`);
      return { name, routingUrl, sdl: await readFile(join(root, schema.file), 'utf8') };
    }),
  );
  const subgraphs = [...ours, ...more];
  const composition = composeSupergraph(subgraphs.map((each) => ({ ...each, sdl: completeSchemaText(each.sdl) })));
  if (composition.kind === 'failed') throw new Error(JSON.stringify(composition.errors));
  return { sdl: composition.sdl, subgraphs };
}

/** The stack's registry, as its own processes open it. */
export function registryOf(stack: TestStack) {
  const { url, secret } = stack.database!;
  const stored = openSchemaRegistry(roleUrl(url, secret, 'operations', 'system'), pino({ level: 'silent' }));
  const latest = async (): Promise<number | null> => (await stored.current())?.number ?? null;
  return {
    async publish({ sdl, subgraphs }: Content): Promise<Publication> {
      const by = 'somebody@acme.test';
      const rest = { gitRevision: null, forced: false, findings: [], reason: null, basedOn: await latest() };
      return stored.publish({ sdl, subgraphs, by, ...rest });
    },
    async rollback(to: number): Promise<Publication> {
      return stored.rollback({ to, by: 'somebody@acme.test', reason: null, basedOn: (await latest())! });
    },
    close: () => stored.close(),
  };
}

/** Asks without a pause, several at once. `stop` resolves with whatever was not answered as `expected`. */
export function keepAsking<Answer>(ask: () => Promise<Answer>, isExpected: (answer: Answer) => boolean) {
  const unexpected: unknown[] = [];
  let answered = 0;
  let stopped = false;
  const asking = Array.from({ length: 4 }, async () => {
    while (!stopped) {
      try {
        const answer = await ask();
        answered++;
        if (!isExpected(answer)) unexpected.push(answer);
      } catch (error) {
        unexpected.push(error);
      }
    }
  });
  return {
    /** Resolves when so many more were answered. */
    async more(count: number): Promise<void> {
      const enough = answered + count;
      await until(`${count} more are answered`, () => answered >= enough || unexpected.length > 0);
    },
    async stop(): Promise<readonly unknown[]> {
      stopped = true;
      await Promise.all(asking);
      return unexpected;
    },
  };
}
