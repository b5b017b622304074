import type { Revocation, RevocationFeed, RevocationPage } from '@inevitable/contract';
import fc from 'fast-check';
import type { VirtualTime } from './virtual-time.js';

/** What becomes of one question to identity. */
export type Fate =
  /** `delayMs`: how long the answer is on its way. `isRepeated`: it tells once more what was told before. */
  | { readonly kind: 'answered'; readonly delayMs: number; readonly isRepeated: boolean }
  /** Answered after anybody has lost patience, or nearly so. */
  | { readonly kind: 'late'; readonly delayMs: number }
  | { readonly kind: 'refused' }
  /** Neither an answer nor an end of the connection. */
  | { readonly kind: 'lost' };

export const reliable: Fate = { kind: 'answered', delayMs: 0, isRepeated: false };

export const anyFate: fc.Arbitrary<Fate> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('answered' as const),
      delayMs: fc.constantFrom(0, 400, 790),
      isRepeated: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('late' as const),
      delayMs: fc.constantFrom(1_000, 4_000, 5_900, 40_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'refused' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'lost' as const }) },
);

/** How often identity looks for news while somebody waits. */
const LOOK_EVERY_MS = 250;

/** Identity's feed behind a network that does with each answer what the test says: the last fate is that of all the rest. */
export class LossyFeed implements RevocationFeed {
  readonly #fates: Fate[];
  readonly #time: VirtualTime;
  readonly #revocations: Revocation[] = [];

  constructor(fates: readonly Fate[], time: VirtualTime) {
    this.#fates = [...fates];
    this.#time = time;
  }

  /** Takes back the session and the signing key of this id. */
  revoke(id: string): void {
    for (const subject of ['session', 'signingKey'] as const)
      this.#revocations.push({ sequence: this.#revocations.length + 1, subject, id });
  }

  async since(sequence: number, waitMs: number, signal: AbortSignal): Promise<RevocationPage> {
    const fate = this.#fates.length > 1 ? this.#fates.shift()! : this.#fates[0]!;
    if (fate.kind === 'refused') throw new Error('connection refused');
    const pause = (ms: number) => this.#time.pause(ms, signal);
    const waitsUntil = this.#time.now() + waitMs;
    while (this.#revocations.length <= sequence && this.#time.now() < waitsUntil && !signal.aborted)
      await pause(LOOK_EVERY_MS);
    const from = fate.kind === 'answered' && fate.isRepeated ? 0 : sequence;
    const page = { sequence: this.#revocations.length, revocations: this.#revocations.slice(from) };
    await pause(fate.kind === 'lost' ? Infinity : fate.delayMs);
    signal.throwIfAborted();
    return page;
  }
}
