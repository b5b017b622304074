import { addressKey, type UserId } from '@inevitable/contract';
import type { Attempt, AttemptLimit } from '../../throttling/claim-attempts.js';

const WINDOW_SECONDS = 15 * 60;

/**
 * 960 guesses a day at most, whoever makes them from wherever, and more than a person needs who has two passwords and a
 * caps-lock key. Counted by what was typed, known or not: so it says nothing of what exists. An e-mail address and a user
 * name of one person are counted apart, because a shared count would tell that they are one person's.
 */
const OF_LOGIN: AttemptLimit = { attempts: 10, windowSeconds: WINDOW_SECONDS };

/** One password tried on many accounts. Room for an office behind one address: right passwords are given back. */
const OF_ADDRESS: AttemptLimit = { attempts: 100, windowSeconds: WINDOW_SECONDS };

/** As for a login: who holds a device's token and not the password has stolen it. */
const OF_DEVICE: AttemptLimit = { attempts: 10, windowSeconds: WINDOW_SECONDS };

/** A device that the person who owns this login signed in from before. */
export interface KnownDevice {
  readonly userId: UserId;
  /** SHA-256 of its token. */
  readonly hash: Buffer;
}

export interface SignInAttempts {
  readonly all: readonly Attempt[];
  /** Those that count guesses at passwords of many: given back as soon as the password was right. */
  readonly ofAddress: readonly Attempt[];
}

/**
 * What a sign-in counts as. From a known device it is counted there alone, so that nobody else's guesses, at the account
 * or from the same network, lock its owner out (OWASP, "device cookies").
 */
export function signInAttempts(login: string, device: KnownDevice | null, address: string | null): SignInAttempts {
  if (device) {
    const counted = `sign-in:device:${device.userId}:${device.hash.toString('hex')}`;
    return { all: [{ ...OF_DEVICE, counted }], ofAddress: [] };
  }
  const ofAddress = address === null ? [] : [{ ...OF_ADDRESS, counted: `sign-in:address:${addressKey(address)}` }];
  return { all: [{ ...OF_LOGIN, counted: `sign-in:account:${login}` }, ...ofAddress], ofAddress };
}

/** A flood of throttled sign-ins writes one audit event a window for each address, or login where there is none. */
export const throttledAudit = (login: string, address: string | null): Attempt => ({
  attempts: 1,
  windowSeconds: WINDOW_SECONDS,
  counted: `sign-in:throttled-audit:${address === null ? login : addressKey(address)}`,
});
