import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serviceAssertions, serviceCredential } from '@inevitable/contract';
import {
  keepAsking,
  openElsewhere,
  reasonOf,
  registryOf,
  textElsewhere,
  type Elsewhere,
} from '../support/published-supergraphs.js';
import { stackMode, TestStack, until, type GraphQLAnswer, type Session } from '../support/test-stack.js';

const NOTES = 'query OfTheLoad { viewer { user { email } notes: tenant { notes(first: 1) { nodes { text } } } } }';
const isApart = stackMode() === 'apart';

let stack: TestStack;
let ada: Session;
let registry: ReturnType<typeof registryOf>;
let one: Elsewhere;
let two: Elsewhere;
beforeAll(async () => {
  [stack, one, two] = await Promise.all([TestStack.start(), openElsewhere('one'), openElsewhere('two')]);
  registry = registryOf(stack);
  ada = await stack.signIn('ada@acme.test');
});
afterAll(async () => {
  await registry.close();
  await stack.close();
  await Promise.all([one.peer.close(), two.peer.close()]);
});

const serves = (text: string | null) =>
  until(`"${text}" is served`, async () => (await textElsewhere(stack.url)) === text);
const reason = (part: string) => reasonOf(part, stack.url);

const load = () =>
  keepAsking(
    () => ada.query(NOTES),
    ({ status, body }: GraphQLAnswer) => status === 200 && body.errors === undefined && body.data?.['viewer'] !== null,
  );

/** As the service itself makes it, with the credential in the data directory. */
async function assertionOf(service: string, audience: string): Promise<string> {
  const text = await readFile(join(stack.dataDir, 'credentials', `${service}.json`), 'utf8');
  return serviceAssertions(serviceCredential.parse(JSON.parse(text)), audience)();
}

const gatewayPart = isApart ? 'start gateway' : 'start';
const printedBy = (part: string): string => stack.processOf(part).printed();

describe('A stack in which nothing is published', () => {
  it('serves what supergraph.yaml composes to, and says so', async () => {
    // Apart, operations may come up long after the gateway.
    const why = isApart ? 'as nothing is published|until the registry answers' : 'as nothing is published';
    expect(printedBy(gatewayPart)).toMatch(new RegExp(`supergraph: what supergraph.yaml composes to, (${why})`));
    expect(await textElsewhere(stack.url)).toBe(null);
    await until('the registry is heard', async () => (await reason('schema registry')) === null);
  });
});

describe('A running gateway', () => {
  it('takes over what is published, new subgraphs where they are and all, and no request fails', async () => {
    const { more, stop } = load();
    await more(10);
    expect(await registry.publish(one.supergraph)).toMatchObject({ version: 1 });
    await serves('one');
    await more(10);
    expect(await registry.publish(two.supergraph)).toMatchObject({ version: 2 });
    await serves('two');
    await more(10);
    expect(await stop()).toEqual([]);
  });

  it('goes back where a version is rolled back, and no request fails', async () => {
    const { more, stop } = load();
    await more(10);
    await registry.rollback(1);
    await serves('one');
    await more(10);
    expect(await stop()).toEqual([]);
  });

  it('stays on what it has where a version does not load, is ready, and says why', async () => {
    const { sdl, subgraphs } = one.supergraph;
    await registry.publish({ sdl: `${sdl}\nextend type Elsewhere { lost: Nowhere }`, subgraphs });
    await until('the gateway says so', async () => (await reason('supergraph')) !== null);
    expect(await reason('supergraph')).toMatch(/^version [0-9a-f]{64} of the supergraph does not load: /);
    expect(await textElsewhere(stack.url)).toBe('one');
    await registry.rollback(2);
    await serves('two');
    expect(await reason('supergraph')).toBe(null);
  });

  it('lets nobody at the doors of the services', async () => {
    const body = { after: null, waitMs: 0 };
    const refused = { status: 404, body: { error: { code: 'NOT_FOUND' } } };
    for (const path of ['/internal/v1/supergraph', '/internal/v1/verify-assertion'])
      expect(await stack.post(path, body, { authorization: `Bearer ${ada.accessToken}` })).toMatchObject(refused);
  });
});

describe('A gateway that starts', () => {
  it('begins with what was published last, and says that supergraph.yaml has something else', async () => {
    const part = gatewayPart;
    const stopped = stack.processOf(part);
    stopped.child.kill('SIGTERM');
    expect(await stopped.ended).toBe(0);
    stack.processes = stack.processes.filter((process) => process !== stopped);
    stack.startAnother([...part.split(' '), '--port', new URL(stack.url).port]);
    const args = `${part} --port ${new URL(stack.url).port}`;
    await until('it is ready', async () => (await fetch(`${stack.url}/ready`)).ok);
    expect(await textElsewhere(stack.url)).toBe('two');
    await until('it said so', () =>
      printedBy(args).includes(
        'supergraph: version 2 of the registry; supergraph.yaml composes to another one ("stack diff" says how)',
      ),
    );
  });

  it('left what it had counted when it stopped, without a value', async () => {
    const recorded = await stack.sql(
      `select o.document, h.plan, sum(h.count)::int as count from operations.operations o
         join operations.operation_hours h using (signature)
       where o.operation_name = 'OfTheLoad' group by 1, 2`,
    );
    expect(recorded).toEqual([
      { document: expect.stringContaining('query OfTheLoad'), plan: expect.any(String), count: expect.any(Number) },
    ]);
    expect(recorded[0]!['count']).toBeGreaterThan(40);
  });

  if (isApart) {
    it("is believed by operations, and neither a tenant's token nor another service is", async () => {
      const ask = async (authorization: string) => {
        const response = await fetch(`${stack.partUrl('operations')}/internal/v1/supergraph`, {
          method: 'POST',
          headers: { authorization },
          body: JSON.stringify({ after: null, waitMs: 0 }),
        });
        return [response.status, ((await response.json()) as { error?: { code: string } }).error?.code];
      };
      expect(await ask(`Bearer ${ada.accessToken}`)).toEqual([401, 'UNAUTHENTICATED']);
      expect(await ask('')).toEqual([401, 'UNAUTHENTICATED']);
      expect(await ask(`Bearer ${await assertionOf('worker', 'operations')}`)).toEqual([403, 'FORBIDDEN']);
      expect(await ask(`Bearer ${await assertionOf('gateway', 'identity')}`)).toEqual([401, 'UNAUTHENTICATED']);
      expect(await ask(`Bearer ${await assertionOf('gateway', 'operations')}`)).toEqual([200, undefined]);
    });
  }
});
