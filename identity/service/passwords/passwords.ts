import { availableParallelism } from 'node:os';
import { randomBytes } from 'node:crypto';
import { CallerError } from '@inevitable/contract';
import { hash, verify } from '@node-rs/argon2';
import { z } from 'zod';
import { ARGON2ID } from './argon2id.js';
import { boundedWork } from './bounded-work.js';

/** Waiting per place: about three seconds of work, after which the caller would be gone. */
const WAITING_PER_PLACE = 64;
const LARGEST_PASSWORD_BYTES = 4_096;

/** Too many sign-ins at once on this machine. Answered with 503 and Retry-After where there is a status. */
export class TooManySignIns extends CallerError {
  readonly code = 'RATE_LIMITED';
  override readonly details = { retryAfterSeconds: 2 };
  constructor() {
    super('Too many people are signing in right now. Try again in a moment.');
  }
}

/** A password from outside: refused above 4 KiB before anything is computed from it, never cut off. */
export const passwordText = z
  .string()
  .min(1, 'must not be empty')
  .refine(
    (text) => Buffer.byteLength(text) <= LARGEST_PASSWORD_BYTES,
    `must have at most ${LARGEST_PASSWORD_BYTES} bytes`,
  );

export interface Passwords {
  /** Throws `TooManySignIns`. */
  hash(password: string): Promise<string>;
  /**
   * Costs one Argon2 evaluation whether there is a stored hash or not, so that time does not tell whether an account
   * exists. Throws `TooManySignIns`.
   */
  verify(stored: string | null, password: string): Promise<boolean>;
}

/** Unicode-normalised, so that one password typed on two keyboards is one (NIST SP 800-63B, section 5.1.1.2). */
const normalised = (password: string): string => password.normalize('NFKC');

export async function openPasswords(places = hashingPlaces()): Promise<Passwords> {
  const bounded = boundedWork(places, places * WAITING_PER_PLACE, () => new TooManySignIns());
  const hashOf = (password: string) => bounded(() => hash(normalised(password), ARGON2ID));
  const nobodysHash = await hashOf(randomBytes(32).toString('base64url'));
  return {
    hash: hashOf,
    async verify(stored, password) {
      const matches = await bounded(() => verify(stored ?? nobodysHash, normalised(password)));
      return matches && stored !== null;
    },
  };
}

/** One per core; libuv has four threads, and one stays free for files and names. */
const hashingPlaces = (): number => Math.min(availableParallelism(), 3);
