import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessTokenClaims, RevocationFeed, RevocationPage } from '@inevitable/contract';
import { pino } from 'pino';
import { RevocationView } from './revocation-view.js';

const tid = randomUUID();
const claims = (sid: string, rev: number) => ({ sid, sub: randomUUID(), tid, rev }) as unknown as AccessTokenClaims;

/** A feed whose pages the test hands out one by one. */
class ScriptedFeed implements RevocationFeed {
  readonly asked: { sequence: number; waitMs: number }[] = [];
  #answers: ((page: RevocationPage | Error) => void)[] = [];
  #polled: (() => void)[] = [];

  since(sequence: number, waitMs: number): Promise<RevocationPage> {
    this.asked.push({ sequence, waitMs });
    return new Promise((resolve, reject) => {
      this.#answers.push((page) => (page instanceof Error ? reject(page) : resolve(page)));
      for (const wake of this.#polled.splice(0)) wake();
    });
  }

  /** Answers the current poll, and returns when the next one is there. */
  async answer(page: RevocationPage | Error): Promise<void> {
    while (this.#answers.length === 0) await new Promise<void>((resolve) => this.#polled.push(resolve));
    this.#answers.shift()!(page);
    while (this.#answers.length === 0) await new Promise<void>((resolve) => this.#polled.push(resolve));
  }
}

let feed: ScriptedFeed;
let now: number;
let view: RevocationView;
let stop: AbortController;
beforeEach(() => {
  feed = new ScriptedFeed();
  now = 1_000_000;
  stop = new AbortController();
  view = new RevocationView(feed, { log: pino({ level: 'silent' }), now: () => now });
  view.start(stop.signal);
});
afterEach(() => stop.abort());

const revocation = (sequence: number, id: string) => ({ sequence, subject: 'session' as const, id });

describe('The revocation view', () => {
  it('is not ready before it has the whole backlog, and then waits for news', async () => {
    await feed.answer({ sequence: 2, revocations: [revocation(1, 'a'), revocation(2, 'b')] });
    expect([view.isTrustworthy(), view.health().ready]).toEqual([false, false]);
    await feed.answer({ sequence: 3, revocations: [revocation(3, 'c')] });
    await feed.answer({ sequence: 3, revocations: [] });
    expect([view.isTrustworthy(), view.health().ready]).toEqual([true, true]);
    expect(feed.asked).toEqual([
      { sequence: 0, waitMs: 0 },
      { sequence: 2, waitMs: 0 },
      { sequence: 3, waitMs: 0 },
      { sequence: 3, waitMs: 2_000 },
    ]);
    expect(['a', 'b', 'c', 'd'].map((sid) => view.isRevoked(claims(sid, 1)))).toEqual([false, true, true, false]);
  });

  it('is not ready after 5 seconds of silence, and not to be trusted after 30', async () => {
    await feed.answer({ sequence: 0, revocations: [] });
    now += 5_000;
    expect(view.health().ready).toBe(true);
    now += 1;
    expect(view.health()).toEqual({
      name: 'revocation feed',
      ready: false,
      reason: 'nothing heard for 5 s: the feed went silent',
    });
    now += 24_999;
    expect(view.isTrustworthy()).toBe(true);
    now += 1;
    expect(view.isTrustworthy()).toBe(false);
    await feed.answer({ sequence: 0, revocations: [] });
    expect([view.isTrustworthy(), view.health().ready]).toEqual([true, true]);
  });

  it('keeps asking from where it was when the feed fails', async () => {
    await feed.answer({ sequence: 7, revocations: [] });
    await feed.answer(new Error('reset'));
    await feed.answer(new Error('reset'));
    expect(feed.asked.map(({ sequence }) => sequence)).toEqual([0, 7, 7, 7]);
  });

  it('remembers a revocation for as long as a token issued before it can live', async () => {
    await feed.answer({ sequence: 1, revocations: [revocation(1, 'a')] });
    now += 60_000;
    await feed.answer({ sequence: 2, revocations: [revocation(2, 'b')] });
    now += 19 * 60_000;
    await feed.answer({ sequence: 2, revocations: [] });
    expect(['a', 'b'].map((sid) => view.isRevoked(claims(sid, 0)))).toEqual([true, true]);
    now += 1;
    await feed.answer({ sequence: 2, revocations: [] });
    expect(['a', 'b'].map((sid) => view.isRevoked(claims(sid, 0)))).toEqual([false, true]);
  });

  it('keeps the latest revocation of a subject, in whatever order they are told', async () => {
    await feed.answer({ sequence: 9, revocations: [revocation(9, 'a'), revocation(4, 'a')] });
    expect([view.isRevoked(claims('a', 8)), view.isRevoked(claims('a', 9))]).toEqual([true, false]);
  });
});
