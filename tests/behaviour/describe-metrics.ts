import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Session, TestStack } from '../support/test-stack.js';

export function describeMetrics(running: () => TestStack): void {
  let stack: TestStack;
  let bob: Session;
  beforeAll(async () => {
    stack = running();
    bob = await stack.signIn('bob@acme.test');
  });

  /** The sum of a metric's series whose labels these are, of the process of a part. */
  async function counted(part: string, name: string, labels: string): Promise<number> {
    const series = (await stack.metricsOf(part)).split('\n').filter((line) => line.startsWith(`${name}{${labels}`));
    return series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  describe('GET /metrics', () => {
    it.each([
      ['a sign-in', 'identity', 'stack_sign_ins_total', 'outcome="granted"', () => stack.signIn('bob@acme.test')],
      [
        'a token that does not hold',
        'gateway',
        'stack_credentials_refused_total',
        'credential="access-token",reason="malformed"',
        () => stack.query('{ __typename }', {}, { authorization: 'Bearer nonsense' }),
      ],
      [
        'a mutation that a member may not ask for',
        'identity',
        'stack_denials_total',
        'product="identity",code="FORBIDDEN"',
        () =>
          bob.query(
            'mutation { suspendTenant(input: { id: "01890000-0000-7000-8000-000000000000", reason: "mine" }) { __typename } }',
          ),
      ],
    ])('counts %s where it is decided', async (_what, part, name, labels, act) => {
      const before = await counted(part, name, labels);
      await act();
      expect(await counted(part, name, labels)).toBe(before + 1);
    });

    it.each(['gateway', 'identity', 'operations', 'starter', 'platformforge', 'worker'])(
      'of %s has the figures of its process and of security, and names no tenant and nobody',
      async (part) => {
        const text = await stack.metricsOf(part);
        expect(text).toContain('process_cpu_seconds_total');
        expect(text).toContain('# TYPE stack_denials_total counter');
        expect(text).not.toMatch(/acme|globex|@|[0-9a-f]{8}-[0-9a-f]{4}-/);
      },
    );

    it.each(['identity', 'operations', 'worker'])('of %s tells of its jobs in the same answer', async (part) => {
      expect(await stack.metricsOf(part)).toContain('# TYPE stack_job_runs_total counter');
    });
  });
}
