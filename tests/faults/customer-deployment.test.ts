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
  };
});
afterAll(() => stack.close());

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

    expect((await fetch(`${stack.url}/graphiql`)).status).toBe(404);
    for (const email of DEMO)
      expect(await stack.post('/auth/login', { email, password: DEMO_PASSWORD })).toMatchObject({ status: 401 });
  });
});
