import { describe, expect, it } from '@jest/globals';
import { keepAsking, openElsewhere, registryOf, textElsewhere } from '../support/published-supergraphs.js';
import { TestStack, until, type StackMode } from '../support/test-stack.js';

const PUBLICATIONS = 20;
/** From the moment a version is published until it is served. */
const SERVED_WITHIN_MS = 2_000;

describe('A running gateway', () => {
  it.each<StackMode>(['one-process', 'apart'])(
    'takes over what is published within two seconds, and no request fails (%s)',
    async (mode) => {
      const [one, two] = [await openElsewhere('one'), await openElsewhere('two')];
      const stack = await TestStack.start({ mode });
      const registry = registryOf(stack);
      try {
        const ada = await stack.signIn('ada@acme.test');
        const { more, stop } = keepAsking(
          () => ada.query('{ viewer { tenant { notes(first: 1) { nodes { id } } } } }'),
          ({ status, body }) => status === 200 && body.errors === undefined,
        );
        const took: number[] = [];
        for (let publication = 0; publication < PUBLICATIONS; publication++) {
          const [{ supergraph }, text] = publication % 2 ? [two, 'two'] : [one, 'one'];
          await more(10);
          const from = performance.now();
          await registry.publish(supergraph);
          await until(`"${text}" is served`, async () => (await textElsewhere(stack.url)) === text);
          took.push(performance.now() - from);
        }
        expect(await stop()).toEqual([]);
        expect(took.filter((ms) => ms > SERVED_WITHIN_MS)).toEqual([]);
      } finally {
        await registry.close();
        await stack.close();
        await Promise.all([one.peer.close(), two.peer.close()]);
      }
    },
    240_000,
  );
});
