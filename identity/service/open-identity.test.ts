import { createPublicKey } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { openIdentity, type Identity } from './open-identity.js';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from './testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const keyIds = async (identity: Identity) => (await identity.ports.verification.settings()).keys.map(({ kid }) => kid);

describe('Identity', () => {
  it('has one signing key, and one to follow it, when two processes make the first start at once', async () => {
    await test.rows('truncate signing_keys');
    const both = await Promise.all([openIdentity(test.settings), openIdentity(test.settings)]);
    expect(await keyIds(both[0])).toHaveLength(2);
    expect(await keyIds(both[0])).toEqual(await keyIds(both[1]));
    const { keys } = await both[0].ports.verification.settings();
    for (const identity of both) {
      const token = await identity.issueAccessToken({ login: 'ada' });
      const { kid } = jwt.decode(token, { complete: true })!.header;
      const publicKey = createPublicKey({ key: { ...keys.find((key) => key.kid === kid)! }, format: 'jwk' });
      expect(jwt.verify(token, publicKey, { algorithms: ['ES256'], issuer: identity.issuer })).toMatchObject({
        amr: ['operator'],
      });
      await identity.close();
    }
  });

  it('keeps keys and issuer of its first start when it moves', async () => {
    const moved = await openIdentity({ ...test.settings, publicUrl: 'http://127.0.0.1:9090' });
    expect(moved.issuer).toBe('http://127.0.0.1:8080');
    expect(await keyIds(moved)).toHaveLength(2);
    await moved.close();
  });

  it('keeps the private keys encrypted', async () => {
    const keys = await test.rows<{ sealed_private: Buffer }>('select sealed_private from signing_keys');
    expect(keys.map((key) => key.sealed_private.includes('"d":'))).toEqual([false, false]);
  });

  it('refuses to start with another secret, and with a short one, and says so', async () => {
    await expect(openIdentity({ ...test.settings, encryptionSecret: 'x'.repeat(32) })).rejects.toThrow(
      /was encrypted with another secret/,
    );
    await expect(openIdentity({ ...test.settings, encryptionSecret: 'short' })).rejects.toThrow(
      'The encryption secret is shorter than 32 characters.',
    );
  });

  it("has no demo in a customer's deployment", async () => {
    const customer = await openIdentity({ ...test.settings, deployment: 'customer' });
    await expect(customer.seedDemo(DEMO_PASSWORD)).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await customer.close();
  });

  it('trusts only the latest key of a service', async () => {
    const [gateway] = test.settings.services;
    const renewed = await openIdentity({ ...test.settings, services: [{ ...gateway!, kid: 'gateway-renewed' }] });
    expect(await test.rows('select service, kid from service_credentials order by service')).toEqual([
      { service: 'gateway', kid: 'gateway-renewed' },
      { service: 'starter', kid: test.product.kid },
    ]);
    await renewed.close();
  });

  it('is ready while its database answers, and says when it does not', async () => {
    const closing = await openIdentity(test.settings);
    expect(await closing.health()).toEqual({ name: 'identity', ready: true, reason: null });
    await closing.close();
    expect(await closing.health()).toMatchObject({
      name: 'identity',
      ready: false,
      reason: expect.stringContaining('does not answer'),
    });
  });
});
