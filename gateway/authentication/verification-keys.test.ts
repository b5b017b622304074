import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SubgraphUnreachable } from '@inevitable/contract';
import { pino } from 'pino';
import { newSigningKey, TestIdentity } from '../test-support/test-identity.js';
import { VerificationKeys } from './verification-keys.js';

let identity: TestIdentity;
let now: number;
let keys: VerificationKeys;
let stop: AbortController;
beforeEach(() => {
  identity = new TestIdentity();
  now = 1_000_000;
  stop = new AbortController();
  keys = new VerificationKeys(identity.ports.verification, { log: pino({ level: 'silent' }), now: () => now });
});
afterEach(() => stop.abort());

describe('The verification keys', () => {
  it('are loaded by the first token that needs one, whatever else is still starting', async () => {
    expect(keys.health()).toMatchObject({ name: 'verification keys', ready: false });
    expect(await keys.find(identity.keys[0]!.kid)).not.toBeNull();
    expect(keys.health()).toMatchObject({ ready: true });
  });

  it('follow a rotation at once', async () => {
    await keys.find(identity.keys[0]!.kid);
    const next = newSigningKey();
    identity.keys.push(next);
    now += 5_000;
    expect(await keys.find(next.kid)).not.toBeNull();
  });

  it('are asked for once by a thousand tokens with made-up key ids', async () => {
    await keys.find(identity.keys[0]!.kid);
    now += 5_000;
    const found = await Promise.all(Array.from({ length: 1_000 }, (_, at) => keys.find(`made-up-${at}`)));
    expect(found.every((key) => key === null)).toBe(true);
    for (let at = 0; at < 1_000; at++) expect(await keys.find(`later-${at}`)).toBeNull();
    expect(identity.settingsAsked).toBe(2);
  });

  it('that cannot be had make a token undecidable, not invalid', async () => {
    identity.down = new Error('identity is starting');
    await expect(keys.find('k')).rejects.toBeInstanceOf(SubgraphUnreachable);
    await expect(keys.find('k')).rejects.toBeInstanceOf(SubgraphUnreachable);
    expect(identity.settingsAsked).toBe(1);
    expect(keys.health()).toMatchObject({ ready: false, reason: expect.stringContaining('identity is starting') });
  });

  it('are asked for at once when one was withdrawn, and not believed from an answer to what was asked before', async () => {
    const [leaked] = identity.keys;
    const before = keys.find(leaked!.kid); // on its way
    identity.keys = [newSigningKey()];
    await Promise.all([before, keys.refresh()]);
    expect([leaked!, ...identity.keys].map(({ kid }) => keys.has(kid))).toEqual([false, true]);
    expect(identity.settingsAsked).toBe(2);
  });

  it('that identity withdrew are forgotten', async () => {
    const [old] = identity.keys;
    await keys.find(old!.kid);
    identity.keys = [newSigningKey()];
    now += 5_000;
    await keys.find(identity.keys[0]!.kid);
    expect(keys.has(old!.kid)).toBe(false);
  });
});
