import { describe, expect, it } from '@jest/globals';
import { TestStack, until } from '../support/test-stack.js';

describe('Two workers at once', () => {
  it('share the jobs, and each stays alive', async () => {
    const stack = await TestStack.start({ mode: 'apart' });
    const ada = await stack.signIn('ada@acme.test');
    const second = stack.startAnother(['start', 'worker']);
    await until('the second one works', () => Promise.resolve(second.output().includes('worker is ready')));
    const texts = Array.from({ length: 40 }, (_, index) => `note number ${index}`);
    await Promise.all(
      texts.map((text) =>
        ada.query('mutation ($text: String!) { createNote(input: { text: $text }) { id } }', { text }),
      ),
    );
    await until(
      'every note is counted',
      async () => (await stack.sql('select from starter.notes where word_count = 3')).length === texts.length,
    );
    const workers = await stack.sql(
      "select count(distinct worker)::int as workers, count(*)::int as jobs from jobs.jobs where name = 'starter.count-words' and state = 'succeeded'",
    );
    expect(workers).toEqual([{ workers: 2, jobs: texts.length }]);
    expect(await stack.signal('SIGTERM')).toEqual(stack.processes.map(() => 0));
    await stack.close();
  });
});
