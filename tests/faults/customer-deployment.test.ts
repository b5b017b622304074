import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEMO_PASSWORD, runStack, TestStack, until } from '../support/test-stack.js';

const DEMO = ['ada@acme.test', 'bob@acme.test', 'gus@globex.test', 'root@platform.test'];

let stack: TestStack;
let asCustomers: Record<string, string>;
beforeAll(async () => {
  stack = await TestStack.start({
    mode: 'one-process',
    settings: { STACK_SECRET: 'f9K2mQ7xLr4Tz8Wc1Vb6Ny3Hd5Gj0Psu' },
  });
  await stack.signal('SIGTERM');
  asCustomers = {
    ...stack.environment,
    PORT: new URL(stack.url).port,
    DEPLOYMENT_CONTEXT: 'customer',
    STACK_DEMO_PASSWORD: '',
    TRUSTED_PROXIES: '127.0.0.1',
  };
});
afterAll(() => stack.close());

/** As a proxy of ours passes it on. */
const byHttps = (path: string, { headers, ...init }: RequestInit = {}) =>
  fetch(stack.url + path, { ...init, headers: { ...headers, 'x-forwarded-proto': 'https' } });

describe('A stack that had a demo', () => {
  it('is not started for customers, and says who of the demo could sign in', async () => {
    const refused = runStack(['start'], asCustomers);
    expect(await refused.ended).toBe(1);
    const [sentence, ...more] = refused
      .output()
      .split('\n')
      .filter((line) => line.startsWith('stack: '));
    expect(more).toEqual([]);
    for (const email of DEMO) expect(sentence).toContain(`the demo user ${email}`);
    expect(sentence).toContain('stack user disable');
  });

  it('is started for them once these are disabled, with no page of a developer, and nobody of them gets in', async () => {
    for (const email of DEMO) {
      const disabling = runStack(['user', 'disable', email], asCustomers);
      expect([await disabling.ended, disabling.output()]).toEqual([0, expect.stringContaining(email)]);
    }
    stack.processes = [runStack(['start'], asCustomers)];
    await until('it is ready', async () => (await fetch(`${stack.url}/ready`)).ok, 60_000);

    expect((await byHttps('/graphiql')).status).toBe(404);
    for (const email of DEMO) {
      const body = JSON.stringify({ email, password: DEMO_PASSWORD });
      const asked = { method: 'POST', headers: { 'content-type': 'application/json' }, body };
      expect((await byHttps('/auth/login', asked)).status).toBe(401);
      expect((await fetch(`${stack.url}/auth/login`, asked)).status).toBe(403); // nobody's password goes in the clear
    }
  });
});
