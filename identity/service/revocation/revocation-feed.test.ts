import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { appendRevocations } from './append-revocations.js';
import { openRevocationFeed } from './revocation-feed.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const patient = new AbortController().signal;
const since = (sequence: number, waitMs = 0, signal = patient) =>
  test.identity.ports.revocations.since(sequence, waitMs, signal);
const append = (...ids: string[]) => test.flows.db.transaction((rows) => appendRevocations(rows, 'session', ids));

describe('The revocation feed', () => {
  it('answers a newcomer at once, even when nothing was ever revoked', async () => {
    expect(await since(0, 30_000)).toEqual({ sequence: expect.any(Number), revocations: [] });
    expect((await since(0)).sequence).toBeGreaterThan(0);
  });

  it('answers what is newer, in the order of commits', async () => {
    const { sequence } = await since(0);
    await append('a', 'b');
    await append('c');
    expect(await since(sequence)).toEqual({
      sequence: sequence + 3,
      revocations: ['a', 'b', 'c'].map((id, index) => ({ sequence: sequence + 1 + index, subject: 'session', id })),
    });
  });

  it('shows no entry before those with lower positions, whoever commits first', async () => {
    const { sequence } = await since(0);
    let commit = () => {};
    const held = new Promise<void>((resolve) => (commit = resolve));
    let appended = () => {};
    const first = new Promise<void>((resolve) => (appended = resolve));
    const slow = test.flows.db.transaction(async (rows) => {
      await appendRevocations(rows, 'session', ['slow']);
      appended();
      await held;
    });
    await first;
    const quick = append('quick');
    expect(await since(sequence)).toEqual({ sequence, revocations: [] });
    commit();
    await Promise.all([slow, quick]);
    expect((await since(sequence)).revocations.map(({ id }) => id)).toEqual(['slow', 'quick']);
  });

  it('wakes everyone who waits, in this process and in any other', async () => {
    const { sequence } = await since(0);
    const elsewhere = openRevocationFeed(test.flows.db);
    const waiting = [since(sequence, 30_000), since(sequence, 30_000), elsewhere.since(sequence, 30_000, patient)];
    await append('woken');
    for (const page of await Promise.all(waiting)) expect(page.revocations).toMatchObject([{ id: 'woken' }]);
    elsewhere.close();
  });

  it('answers with nothing when the wait is over, and when the reader leaves', async () => {
    const { sequence } = await since(0);
    expect(await since(sequence, 1)).toEqual({ sequence, revocations: [] });
    const reader = new AbortController();
    const waiting = since(sequence, 30_000, reader.signal);
    reader.abort();
    expect(await waiting).toEqual({ sequence, revocations: [] });
  });

  it('forgets what no token outlives, and keeps its position', async () => {
    await append('old');
    const { sequence } = await since(0);
    await test.advance('21 minutes');
    expect(await since(0)).toEqual({ sequence, revocations: [] });
    await append('new');
    expect(await since(0)).toEqual({
      sequence: sequence + 1,
      revocations: [{ sequence: sequence + 1, subject: 'session', id: 'new' }],
    });
    expect(await test.rows('select id from revocations')).toEqual([{ id: 'new' }]);
  });

  it('starts over for a reader that is ahead of it', async () => {
    const page = await since(0);
    expect(await since(page.sequence + 1_000, 30_000)).toEqual(page);
  });

  it('fails whoever waits when the database is gone: silence would mean that nothing was revoked', async () => {
    const broken = openRevocationFeed({
      ...test.flows.db,
      rows: (statement, values) =>
        values ? test.flows.db.rows(statement, values) : Promise.reject(new Error('the database is gone')),
    });
    const { sequence } = await since(0);
    await expect(broken.since(sequence, 30_000, patient)).rejects.toThrow('the database is gone');
    broken.close();
  });

  it('ends every wait when identity closes', async () => {
    const closing = openRevocationFeed(test.flows.db);
    const { sequence } = await since(0);
    const waiting = closing.since(sequence, 30_000, patient);
    closing.close();
    expect(await waiting).toEqual({ sequence, revocations: [] });
  });

  it('answers a flood in pages, each going on where the one before ended', async () => {
    const { sequence } = await since(0);
    await append(...Array.from({ length: 10_003 }, (_, at) => `flood-${at}`));
    const first = await since(sequence);
    expect([first.sequence, first.revocations.length]).toEqual([sequence + 10_000, 10_000]);
    const second = await since(first.sequence);
    expect(second.revocations.map(({ id }) => id)).toEqual(['flood-10000', 'flood-10001', 'flood-10002']);
    expect(second.sequence).toBe(sequence + 10_003);
  });
});
