import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AccessTokenClaims, RevocationFeed, RevocationPage } from '@inevitable/contract';
import fc from 'fast-check';
import { pino } from 'pino';
import { anyFate, LossyFeed, reliable, type Fate } from '../test-support/lossy-feed.js';
import { VirtualTime } from '../test-support/virtual-time.js';
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
/** How often it was told that nobody is believed any more. */
let stale: number;
let stop: AbortController;
beforeEach(() => {
  feed = new ScriptedFeed();
  now = 1_000_000;
  stop = new AbortController();
  stale = 0;
  view = new RevocationView(feed, { log: pino({ level: 'silent' }), now: () => now, onStale: () => (stale += 1) });
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
      { sequence: 3, waitMs: 1_000 },
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
    await feed.answer({ sequence: 0, revocations: [] }); // to a question of then: it tells of nothing since
    expect(view.isTrustworthy()).toBe(false);
    await feed.answer({ sequence: 0, revocations: [] });
    expect([view.isTrustworthy(), view.health().ready]).toEqual([true, true]);
  });

  it('tells once that nobody is believed any more, and again when that happens again', async () => {
    await feed.answer({ sequence: 0, revocations: [] });
    await feed.answer(new Error('identity is away'));
    expect(stale).toBe(0);
    now += 30_001;
    await feed.answer(new Error('identity is away'));
    await feed.answer(new Error('identity is away'));
    expect(stale).toBe(1);
    await feed.answer({ sequence: 0, revocations: [] });
    await feed.answer({ sequence: 0, revocations: [] }); // asked after the silence
    now += 30_001;
    await feed.answer(new Error('identity is away'));
    expect(stale).toBe(2);
  });

  it('keeps asking from where it was when the feed fails', async () => {
    await feed.answer({ sequence: 7, revocations: [] });
    await feed.answer(new Error('reset'));
    await feed.answer(new Error('reset'));
    expect(feed.asked.map(({ sequence }) => sequence)).toEqual([0, 7, 7, 7]);
  });

  it('never forgets a withdrawn signing key, which could sign a token of any date and position', async () => {
    await feed.answer({ sequence: 1, revocations: [{ sequence: 1, subject: 'signingKey', id: 'leaked' }] });
    now += 3_600_000;
    await feed.answer({ sequence: 1, revocations: [] });
    await feed.answer({ sequence: 1, revocations: [] });
    expect(['leaked', 'other'].map((kid) => view.isWithdrawn(kid))).toEqual([true, false]);
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

describe('What is taken back, a session or a signing key,', () => {
  /** Whatever becomes of the questions to identity: each fate in turn, the last one for the rest. */
  async function watch(fates: readonly Fate[], takenBackAt: readonly number[], look: (seen: Seen) => void) {
    const time = new VirtualTime();
    const lossy = new LossyFeed(fates, time);
    const watching = new RevocationView(lossy, { log: pino({ level: 'silent' }), now: time.now, pause: time.pause });
    const over = new AbortController();
    watching.start(over.signal);
    const beginning = time.now();
    const pending = [...takenBackAt].sort((a, b) => a - b);
    const done: { sid: string; at: number }[] = [];
    for (let ms = 0; ms <= LASTS_MS; ms += 250) {
      await time.advanceTo(beginning + ms);
      while (pending.length > 0 && pending[0]! <= ms) {
        const sid = `taken back ${done.length}`;
        lossy.revoke(sid);
        done.push({ sid, at: ms });
        pending.shift();
      }
      const isKnown = (sid: string) => watching.isRevoked(claims(sid, 0)) && watching.isWithdrawn(sid);
      look({ ms, isTrusted: watching.isTrustworthy(), done, isKnown });
    }
    over.abort();
    await time.advanceTo(beginning + LASTS_MS + 1);
  }
  interface Seen {
    readonly ms: number;
    readonly isTrusted: boolean;
    readonly done: readonly { readonly sid: string; readonly at: number }[];
    readonly isKnown: (sid: string) => boolean;
  }
  const LASTS_MS = 45_000;
  const moments = fc.array(fc.integer({ min: 0, max: 12_000 }), { minLength: 1, maxLength: 4 });

  it('reaches a gateway within 5 seconds, whichever answers of identity are late, told twice, or lost two in a row', async () => {
    const twoLost = fc
      .array(anyFate, { maxLength: 20 })
      .map((fates) => fates.map((fate, at): Fate => (isLost(fates[at - 1]) && isLost(fates[at - 2]) ? slow : fate)));
    const slow: Fate = { kind: 'answered', delayMs: 790, isRepeated: false };
    const isLost = (fate: Fate | undefined) => fate !== undefined && fate.kind !== 'answered';
    await fc.assert(
      fc.asyncProperty(twoLost, moments, (fates, takenBackAt) =>
        watch([reliable, reliable, ...fates, reliable], takenBackAt, ({ ms, isTrusted, done, isKnown }) => {
          const late = done.filter(({ sid, at }) => ms >= at + 5_000 && !isKnown(sid));
          expect({ ms, isTrusted: isTrusted || ms < 1_000, late }).toEqual({ ms, isTrusted: true, late: [] });
        }),
      ),
      { numRuns: 50 },
    );
  });

  it('that does not reach a gateway within 30 seconds leaves nobody believed there', async () => {
    const anything = fc.array(anyFate, { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        anything,
        fc.oneof(anyFate, fc.constant<Fate>({ kind: 'lost' })),
        moments,
        (fates, last, takenBackAt) =>
          watch([reliable, reliable, ...fates, last], takenBackAt, ({ ms, isTrusted, done, isKnown }) => {
            const believed = done.filter(({ sid, at }) => ms > at + 30_000 && isTrusted && !isKnown(sid));
            expect({ ms, believed }).toEqual({ ms, believed: [] });
          }),
      ),
      { numRuns: 50 },
    );
  });

  it('leaves everybody believed for as long as identity was heard within 30 seconds', async () => {
    let lastTrusted = 0;
    await watch([reliable, { kind: 'lost' }], [], ({ ms, isTrusted }) => {
      if (isTrusted) lastTrusted = ms;
    });
    expect(lastTrusted).toBeGreaterThanOrEqual(30_000);
    expect(lastTrusted).toBeLessThan(32_000);
  });
});
