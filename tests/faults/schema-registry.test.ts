import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  keepAsking,
  openElsewhere,
  reasonOf,
  registryOf,
  textElsewhere,
  type Elsewhere,
} from '../support/published-supergraphs.js';
import { freePort } from '../support/free-port.js';
import { TestStack, until, type StackMode } from '../support/test-stack.js';

const PUBLICATIONS = 20;

let one: Elsewhere;
let two: Elsewhere;
beforeAll(async () => {
  [one, two] = [await openElsewhere('one'), await openElsewhere('two')];
});
afterAll(() => Promise.all([one.peer.close(), two.peer.close()]));

let stack: TestStack;
let registry: ReturnType<typeof registryOf>;
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});
async function start(mode: StackMode): Promise<void> {
  stack = await TestStack.start({ mode });
  closing.push(() => stack.close());
  registry = registryOf(stack);
  closing.push(() => registry.close());
}

const serves = (text: string | null, url = stack.url) =>
  until(`"${text}" is served`, async () => (await textElsewhere(url)) === text);
const reason = (part: string, url = stack.url) => reasonOf(part, url);

const listening = async (): Promise<number> => {
  const found = await stack.sql(
    `select pid from pg_stat_activity
     where datname = current_database() and application_name = 'stack:listen:schema-publications'`,
  );
  return found.length;
};

describe.each<StackMode>(['one-process', 'apart'])('A gateway under load (%s)', (mode) => {
  it('takes over every version, and no request fails and no connection stays behind', async () => {
    await start(mode);
    const ada = await stack.signIn('ada@acme.test');
    await registry.publish(one.supergraph);
    await serves('one');
    const { more, stop } = keepAsking(
      () => ada.query('{ elsewhere { text } viewer { tenant { notes(first: 1) { nodes { id } } } } }'),
      ({ status, body }) =>
        status === 200 &&
        body.errors === undefined &&
        ['one', 'two'].includes((body.data!['elsewhere'] as { text: string }).text),
    );
    for (let publication = 1; publication <= PUBLICATIONS; publication++) {
      const [next, before, text] = publication % 2 ? ([two, one, 'two'] as const) : ([one, two, 'one'] as const);
      await registry.publish(next.supergraph);
      await serves(text);
      await more(10);
      await until('nobody is connected to where the subgraph was', () => before.peer.connections.size === 0);
    }
    expect(await stop()).toEqual([]);
    expect(await listening()).toBe(1);
  }, 240_000);
});

describe('A gateway apart from operations', () => {
  it('follows again once operations is back, begins without it where it must, and is ready all the while', async () => {
    await start('apart');
    await registry.publish(one.supergraph);
    await serves('one');
    const operations = stack.processOf('start operations');
    operations.child.kill('SIGKILL');
    await operations.ended;
    await until('the gateway that runs says so', async () => (await reason('schema registry')) !== null);
    expect(await textElsewhere(stack.url)).toBe('one');

    const port = String(await freePort());
    const another = stack.startAnother(['start', 'gateway', '--port', port]);
    const url = `http://127.0.0.1:${port}`;
    await until('the other one is ready', async () => (await fetch(`${url}/ready`)).ok);
    expect(await textElsewhere(url)).toBe(null);
    expect(await reason('schema registry', url)).toContain(
      'The gateway stays on the supergraph it has, until the registry answers.',
    );
    await until('it said so', () =>
      another
        .printed()
        .includes(
          'supergraph: what supergraph.yaml composes to, until the registry answers: Operations did not answer',
        ),
    );

    stack.startAnother(['start', 'operations', '--port', new URL(stack.partUrl('operations')).port]);
    await serves('one', url);
    await registry.publish(two.supergraph);
    await Promise.all([serves('two', url), serves('two')]);
    for (const each of [url, stack.url]) expect(await reason('schema registry', each)).toBe(null);
  });

  it('that waits for the next version does not keep operations from stopping', async () => {
    await start('apart');
    await until('it waits', async () => (await reason('schema registry')) === null);
    const operations = stack.processOf('start operations');
    const from = performance.now();
    operations.child.kill('SIGTERM');
    expect(await operations.ended).toBe(0);
    expect(performance.now() - from).toBeLessThan(10_000); // a poll takes 20 s
  });
});

describe('A version that does not load', () => {
  it('does not keep a stack from starting: it begins with supergraph.yaml, says so, and takes over the next', async () => {
    await start('one-process');
    const { sdl, subgraphs } = one.supergraph;
    await registry.publish({ sdl: `${sdl}\nextend type Elsewhere { lost: Nowhere }`, subgraphs });
    await until('the gateway says so', async () => (await reason('supergraph')) !== null);
    const stopped = stack.processOf('start');
    stopped.child.kill('SIGTERM');
    expect(await stopped.ended).toBe(0);
    const again = stack.startAnother(['start', '--port', new URL(stack.url).port]);
    await until('it is ready', async () => (await fetch(`${stack.url}/ready`)).ok);
    expect(await textElsewhere(stack.url)).toBe(null);
    await until('it said so', () =>
      again.printed().includes('what supergraph.yaml composes to, because version 1 of the registry does not load: '),
    );
    await until('it is told', async () => /^version .* does not load: /.test((await reason('supergraph')) ?? ''));
    await registry.publish(two.supergraph);
    await serves('two');
    expect(await reason('supergraph')).toBe(null);
  });
});
