import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateSync } from 'otplib';
import { loginClient } from '../../testing/login-client.js';
import { DEMO_PASSWORD, openTestIdentity, type TestIdentity } from '../../testing/open-test-identity.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

/** Every row of every table, as text; bytes are hexadecimal in it. */
async function dump(): Promise<string> {
  const tables = await test.rows<{ name: string }>(
    `select quote_ident(tablename) as name from pg_tables where schemaname = current_schema()`,
  );
  const texts = await Promise.all(
    tables.map(({ name }) =>
      test.rows<{ text: string | null }>(`select string_agg(t::text, e'\\n') as text from ${name} t`),
    ),
  );
  return texts.map(([row]) => row!.text ?? '').join('\n');
}

/** In whatever form it might have been written down. */
const formsOf = (secret: string): string[] => [
  secret,
  Buffer.from(secret).toString('hex'),
  Buffer.from(secret).toString('base64url'),
  Buffer.from(secret, 'base64url').toString('hex'),
];

describe('Whoever has a dump of the database', () => {
  it('finds no secret in it that anybody was given, and signs in with nothing that is there', async () => {
    const login = loginClient(test.flows);
    const signIn = await login({ username: 'ada', password: DEMO_PASSWORD });
    const refresh = (refreshToken: string) => test.post('/auth/refresh', { refreshToken });
    const spent = signIn.body.refreshToken;
    const { refreshToken } = (await refresh(spent)).body;
    const ada = await test.as('ada');
    const enrolled = await test.ask('mutation { enrolTotp(input: {}) { secret } }', ada);
    const { secret } = enrolled.data.enrolTotp;
    const [clock] = await test.rows<{ now: Date }>('select stack_now() as now');
    const code = generateSync({ secret, epoch: Math.floor(clock!.now.getTime() / 1_000) });
    const confirmed = await test.ask(`mutation { confirmTotp(input: { code: "${code}" }) { recoveryCodes } }`, ada);
    const { recoveryCodes } = confirmed.data.confirmTotp as { recoveryCodes: string[] };
    const half = await login({ username: 'ada', password: DEMO_PASSWORD });
    const { challenge } = half.body.error;

    const dumped = await dump();
    expect(dumped).toContain('ada@acme.test'); // it does hold what it may
    const device = signIn.cookie!.split('=')[1]!;
    const unhyphened = recoveryCodes.map((recoveryCode) => recoveryCode.replaceAll('-', ''));
    for (const given of [
      DEMO_PASSWORD,
      spent,
      refreshToken,
      device,
      challenge,
      secret,
      ...recoveryCodes,
      ...unhyphened,
    ])
      for (const form of formsOf(given)) expect(dumped).not.toContain(form);

    const stored = await test.rows<{ hash: Buffer }>(
      `select hash from refresh_tokens union all select hash from sign_in_challenges
       union all select hash from recovery_codes union all select hash from known_devices`,
    );
    expect(stored.length).toBeGreaterThan(13);
    for (const { hash } of stored)
      for (const presented of [hash.toString('hex'), hash.toString('base64url'), `\\x${hash.toString('hex')}`]) {
        expect((await refresh(presented)).status).toBe(401);
        expect((await test.post('/auth/login', { challenge: presented, totp: recoveryCodes[0] })).status).toBe(401);
      }
    const [recovery] = await test.rows<{ hash: Buffer }>('select hash from recovery_codes limit 1');
    const guess = await test.post('/auth/login', { challenge, totp: recovery!.hash.toString('hex') });
    expect(guess.status).toBe(401);
    const { hash } = (await test.rows<{ hash: string }>('select password_hash as hash from credentials limit 1'))[0]!;
    expect((await test.post('/auth/login', { username: 'bob', password: hash })).status).toBe(401);
    // What was given still works, so it was none of the above that was refused for another reason.
    expect((await test.post('/auth/login', { challenge, totp: recoveryCodes[0] })).status).toBe(200);
  });
});
