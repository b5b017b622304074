import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { TokenVerificationPort, VerificationSettings } from '@inevitable/contract';
import { until } from '@inevitable/kit/testing';
import { pino } from 'pino';
import { Closers } from './closers.js';
import { publicUrlOf, PublicUrlUnknown, type PublicUrl } from './public-url.js';

let closers: Closers;
beforeEach(() => void (closers = new Closers()));
afterEach(() => closers.closeAll());

const ISSUER = 'https://graph.example.com';

function identityThat(settings: () => Promise<VerificationSettings>): PublicUrl {
  const identity: TokenVerificationPort = { settings, registerContextKey: () => Promise.resolve() };
  return publicUrlOf(identity, closers, pino({ level: 'silent' }));
}

const healthOf = ({ checks }: PublicUrl) => checks['public URL']!();

describe('The public URL, where identity runs apart', () => {
  it('is the issuer that identity knows', async () => {
    const url = identityThat(async () => ({ issuer: ISSUER, keys: [] }));
    await until('it is told', async () => (await healthOf(url)).ready);
    expect(url.current()).toBe(ISSUER);
    expect(await healthOf(url)).toEqual({ name: 'public URL', ready: true, reason: null });
  });

  it('is waited for by nobody: until identity answers the part is not ready, in words', async () => {
    let isUp = false;
    let asked = 0;
    const url = identityThat(async () => {
      asked += 1;
      if (!isUp) throw new Error('Identity did not answer at http://identity.');
      return { issuer: ISSUER, keys: [] };
    });
    await until('it was asked more than once', async () => asked > 1);
    expect(() => url.current()).toThrow(PublicUrlUnknown);
    expect(await healthOf(url)).toEqual({
      name: 'public URL',
      ready: false,
      reason: 'not told by identity: Identity did not answer at http://identity.',
    });
    isUp = true;
    await until('it is told', async () => (await healthOf(url)).ready);
    expect(url.current()).toBe(ISSUER);
  });
});
