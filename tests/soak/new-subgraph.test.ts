import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@inevitable/kit/testing';
import { copyOfClone, type CopyOfClone } from '../support/copy-of-clone.js';

/** What the command promises, on two cores. */
const WITHIN_MS = 60_000;

let clone: CopyOfClone;
let database: TestDatabase;
beforeAll(async () => {
  [clone, database] = await Promise.all([copyOfClone(), createTestDatabase('empty', () => Promise.resolve())]);
  // Nothing to do, unless a source was changed since the last start.
  expect(await clone.start(['scripts/bin/prepare.js']).ended).toBe(0);
});
afterAll(async () => {
  await clone?.remove();
  await database?.drop();
});

it('"stack new subgraph" leads to a first answer for a tenant within a minute of the command', async () => {
  const began = performance.now();
  const made = clone.start(['scripts/bin/stack.js', 'new', 'subgraph', 'planner', '--entity', 'Task', '--json']);
  expect({ code: await made.ended, output: made.output() }).toEqual({ code: 0, output: expect.any(String) });
  const { example } = JSON.parse(made.printed()) as { example: { write: string } };
  const { post, signIn } = await clone.startStack(database);
  const answer = await post('/graphql', { query: example.write }, await signIn('ada@acme.test'));
  const took = performance.now() - began;
  expect(answer).toEqual({ data: { createTask: { id: expect.any(String), text: 'three small words' } } });
  expect(took).toBeLessThan(WITHIN_MS);
}, 240_000);
