import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import pg from 'pg';
import { TestStack, until, type Session } from '../support/test-stack.js';

const CREATE = 'mutation ($text: String!) { createNote(input: { text: $text }) { id } }';
const NOTES = '{ viewer { tenant { notes(first: 100) { nodes { id text wordCount } } } } }';

interface Note {
  id: string;
  text: string;
  wordCount: number | null;
}
async function notesOf(session: Session): Promise<Note[]> {
  const { body } = await session.query(NOTES);
  return (body.data as { viewer: { tenant: { notes: { nodes: Note[] } } } }).viewer.tenant.notes.nodes;
}

describe('After kill -9', () => {
  it.each(['of the stack', 'of the stack and its database'])(
    '%s, the next start has every acknowledged note, and its job',
    async (what) => {
      const stack = await TestStack.start({ embedded: true, mode: 'one-process' });
      const ada = await stack.signIn('ada@acme.test');
      const acknowledged: string[] = [];
      let dead = false;
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        for (let count = 0; !dead; count += 1) {
          const answer = await ada.query(CREATE, { text: `writer ${writer} note ${count}` }).catch(() => null);
          const id = (answer?.body.data?.['createNote'] as { id: string } | null | undefined)?.id;
          if (id) acknowledged.push(id);
        }
      });
      await until('some notes are written', () => Promise.resolve(acknowledged.length >= 25));
      const postmaster = Number(
        (await readFile(join(stack.dataDir, 'postgres/data/postmaster.pid'), 'utf8')).split('\n')[0],
      );
      stack.processes[0]!.child.kill('SIGKILL');
      if (what.includes('database')) process.kill(postmaster, 'SIGKILL');
      dead = true;
      await Promise.all([...writers, stack.processes[0]!.ended]);

      await stack.start();
      const again = await stack.signIn('ada@acme.test');
      const kept = new Set((await stack.sql('select id from starter.notes')).map(({ id }) => id));
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      await until(
        'every note has its words counted',
        async () => (await stack.sql('select from starter.notes where word_count is null')).length === 0,
        40_000,
      );
      expect((await notesOf(again)).every(({ wordCount }) => wordCount === 4)).toBe(true);
      await stack.signal('SIGTERM');
      await rm(stack.dataDir, { recursive: true });
    },
  );

  it('of a worker in the middle of a job, another worker runs it again', async () => {
    const stack = await TestStack.start({ mode: 'apart' });
    const ada = await stack.signIn('ada@acme.test');
    // The job's own write waits until the test lets go of the lock: it is killed there.
    await stack.sql(
      `create function starter.wait() returns trigger language plpgsql as $$ begin perform pg_advisory_xact_lock(4711); return new; end $$`,
    );
    await stack.sql('create trigger wait before update on starter.notes for each row execute function starter.wait()');
    const holder = new pg.Client({ connectionString: stack.database!.url });
    await holder.connect();
    await holder.query('select pg_advisory_lock(4711)');
    await ada.query(CREATE, { text: 'killed in the middle' });
    await until(
      'the job is in the middle',
      async () => (await stack.sql("select from pg_locks where locktype = 'advisory' and not granted")).length > 0,
    );
    const worker = stack.processOf('start worker');
    worker.child.kill('SIGKILL');
    await worker.ended;
    // Its statement was sent and would end by itself: with the worker's machine gone, its connection is gone too.
    await stack.sql("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and not granted");
    await holder.end();
    expect((await notesOf(ada))[0]).toMatchObject({ wordCount: null });

    stack.startAnother(['start', 'worker']);
    await until('the job has run', async () => (await notesOf(ada))[0]!.wordCount === 4, 40_000);
    expect(
      await stack.sql(
        "select outcome from jobs.attempts a join jobs.jobs j on j.id = a.job_id where j.name = 'starter.count-words' order by a.fence",
      ),
    ).toEqual([{ outcome: 'lost' }, { outcome: 'succeeded' }]);
    await stack.close();
  });
});

describe('When a connection to the database is cut under a running stack', () => {
  it('it goes on by itself: requests, jobs and notifications', async () => {
    const stack = await TestStack.start();
    const ada = await stack.signIn('ada@acme.test');
    await stack.sql(
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await until(
      'a note is written again',
      async () => (await ada.query(CREATE, { text: 'after the cut' })).body.data?.['createNote'] != null,
      10_000,
    );
    await until('its job runs', async () => (await notesOf(ada))[0]!.wordCount === 3, 20_000);
    await until('it is ready', async () => (await fetch(`${stack.url}/ready`)).ok, 10_000);
    expect(await stack.signal('SIGTERM')).toEqual(stack.processes.map(() => 0));
    await stack.close();
  });
});
