import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { newSigningKey, TestIdentity } from '../test-support/test-identity.js';
import { keepKeyRegistered } from './register-context-key.js';

const log = pino({ level: 'silent' });

describe('The context key', () => {
  it('is published for ten minutes before it counts, however often identity has to be asked', async () => {
    const identity = new TestIdentity();
    identity.down = new Error('identity is starting');
    const stop = new AbortController();
    const { jwk } = newSigningKey();
    let now = 1_000_000;
    let asked!: () => void;
    const published = new Promise<void>((resolve) => (asked = resolve));
    let failures = 0;
    const part = keepKeyRegistered(
      jwk,
      {
        ...identity.ports.verification,
        registerContextKey: async (key, ttl) => {
          if (++failures === 3) identity.down = null;
          await identity.ports.verification.registerContextKey(key, ttl);
          asked();
        },
      },
      { log, now: () => now, signal: stop.signal },
    );
    expect(part.health()).toMatchObject({ ready: false });
    await published;
    await Promise.resolve();
    expect(identity.registered).toEqual([{ key: jwk, ttlSeconds: 600 }]);
    expect(part.health()).toEqual({ name: 'context key', ready: true, reason: null });
    now += 600_000;
    expect(part.health()).toMatchObject({ ready: false, reason: expect.stringContaining('identity is starting') });
    stop.abort();
  });
});
