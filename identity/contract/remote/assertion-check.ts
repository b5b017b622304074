import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { PeerFailed } from '../errors.js';
import type { ServicesPort } from '../ports/services-port.js';
import { LONGEST_ASSERTION, SERVICE_ASSERTION_TYPE } from './service-assertion.js';

/** One service has one assertion at a time, and there are few services: what is more is forged, and not kept long. */
const KEPT = 200;
/** Identity is not asked more than this at once, whoever sends what. */
const ASKED_AT_ONCE = 32;
/** As identity tolerates it, in seconds. */
const CLOCK_TOLERANCE = 30;
/** As identity's: an assertion older than this does not hold, whatever it says itself; nor is one believed longer. In seconds. */
const LONGEST_LIFE = 120;

const shape = z.object({
  header: z.object({ typ: z.literal(SERVICE_ASSERTION_TYPE), alg: z.literal('ES256') }),
  payload: z.object({ aud: z.string(), iat: z.number(), exp: z.number() }),
});

/** Answers the service that made an assertion, or null when it does not hold. Rejects when identity cannot be asked. */
export type AssertionCheck = (assertion: string) => Promise<string | null>;

/**
 * Lets identity verify what services present to `audience`, once for each assertion: what held is believed until it expires.
 * What cannot hold is refused without asking. `now` in epoch milliseconds.
 */
export function assertionCheck(services: ServicesPort, audience: string, now = Date.now): AssertionCheck {
  const held = new Map<string, { readonly service: Promise<string | null>; readonly until: number }>();
  let asking = 0;

  /** Epoch seconds from which on it does not hold; null: it cannot hold at all. */
  function endOf(assertion: string, seconds: number): number | null {
    if (assertion.length > LONGEST_ASSERTION) return null;
    const { data } = shape.safeParse(jwt.decode(assertion, { complete: true }));
    if (data?.payload.aud !== audience) return null;
    const { iat, exp } = data.payload;
    // One that is dated far ahead would be believed until then, though its key were replaced.
    if (iat > seconds + CLOCK_TOLERANCE) return null;
    return Math.min(exp, iat + LONGEST_LIFE, seconds + LONGEST_LIFE);
  }

  async function ask(assertion: string): Promise<string | null> {
    if (asking >= ASKED_AT_ONCE) throw new PeerFailed('Too many service assertions are being verified.');
    asking++;
    try {
      return await services.verify(assertion, audience);
    } finally {
      asking--;
    }
  }

  return (assertion) => {
    const seconds = now() / 1_000;
    const known = held.get(assertion);
    if (known && seconds < known.until) return known.service;
    held.delete(assertion);
    const until = endOf(assertion, seconds);
    if (until === null || seconds >= until + CLOCK_TOLERANCE) return Promise.resolve(null);
    const service = ask(assertion);
    const entry = { service, until };
    held.set(assertion, entry);
    for (const oldest of held.keys()) {
      if (held.size <= KEPT) break;
      held.delete(oldest);
    }
    const forget = (): void => {
      if (held.get(assertion) === entry) held.delete(assertion);
    };
    service.then((who) => who === null && forget(), forget);
    return service;
  };
}
