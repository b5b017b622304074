import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BadUserInput, Forbidden, type SecurityEventSink, type TenantId, type UserId } from '@inevitable/contract';
import { newId } from '@inevitable/kit';
import { refusalLimit } from '@inevitable/kit/host';
import type { Origin } from '../audit/origin.js';
import { TooManySignIns } from '../passwords/passwords.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import type { FlowDeps } from './flow-deps.js';
import { audited, auditRefusals, Refusal } from './refusals.js';

const ACTION = 'identity.try-something';

let test: TestIdentity;
let acme: TenantId;
/** Epoch milliseconds, as the limit has it. */
let now: number;
let flows: FlowDeps;
beforeAll(async () => {
  test = await openTestIdentity();
  acme = await test.tenantId('acme');
});
beforeEach(() => {
  now = 0;
  flows = { ...test.flows, refusals: refusalLimit(() => now) };
});
afterAll(() => test.close());

const somebody = (): Origin => ({
  actor: { kind: 'user', id: newId() as UserId },
  sessionId: null,
  requestId: 'test',
  client: { address: '192.0.2.7', agent: null },
});
const refuse = (error: Error, origin: Origin, tenantId: TenantId | null = acme, action = ACTION) =>
  auditRefusals({ tenantId, origin, action }, flows, () => Promise.reject(error)).catch((answer: unknown) => answer);
const kept = async (tenantId: TenantId | null = acme) =>
  (await test.audit(tenantId)).filter(({ action }) => action === ACTION);

describe('A refusal', () => {
  it('is in the audit with its reason, and the answer does not say it', async () => {
    const answer = new Forbidden();
    const subject = { type: 'Thing', id: newId() };
    expect(await refuse(new Refusal(answer, 'it is the last one', subject), somebody())).toBe(answer);
    expect((await kept()).at(-1)).toMatchObject({ outcome: 'refused', reason: 'it is the last one', subject });
    expect(answer.message).not.toContain('last');
  });

  it('that no flow gave a reason for has its code, and nothing of what was sent', async () => {
    const typed = new BadUserInput('"hunter2" is not a field of this request.', 'hunter2');
    expect(await refuse(typed, somebody(), null)).toBe(typed);
    const record = (await kept(null)).at(-1);
    expect(record).toMatchObject({ outcome: 'refused', reason: 'BAD_USER_INPUT' });
    expect(JSON.stringify(record)).not.toContain('hunter2');
  });

  it('within another is one, the inner one', async () => {
    const before = (await kept()).length;
    const origin = somebody();
    await auditRefusals({ tenantId: null, origin, action: 'identity.around-it' }, flows, () =>
      auditRefusals({ tenantId: acme, origin, action: ACTION }, flows, () => Promise.reject(new Forbidden())),
    ).catch(() => undefined);
    expect(await kept()).toHaveLength(before + 1);
    expect((await test.audit(null)).filter(({ action }) => action === 'identity.around-it')).toEqual([]);
  });

  it.each([
    ['that its flow has appended', audited(new Forbidden())],
    ['of a server that has too much to do', new TooManySignIns()],
    ['that is a fault of ours', new Error('boom')],
  ])('%s is not appended', async (_what, error) => {
    const before = (await kept()).length;
    expect(await refuse(error, somebody())).toBe(error);
    expect(await kept()).toHaveLength(before);
  });

  it('is in the audit 60 times a minute for one tenant, whoever is refused, and refused as ever after that', async () => {
    const before = (await kept()).length;
    for (let at = 0; at < 70; at += 1) expect(await refuse(new Forbidden(), somebody())).toBeInstanceOf(Forbidden);
    expect(await kept()).toHaveLength(before + 60);
    now = 60_000;
    await refuse(new Forbidden(), somebody());
    expect((await kept()).at(-1)).toMatchObject({ details: { leftOut: 10 } });
  });

  it('of a flood of nobody in particular fills no chain, and leaves out none of a tenant', async () => {
    const before = (await kept(null)).length;
    const stranger = (at: number): Origin => ({
      ...somebody(),
      actor: { kind: 'anonymous', id: null },
      client: { address: `198.51.100.${at}`, agent: null },
    });
    for (let at = 0; at < 70; at += 1) await refuse(new Forbidden(), stranger(at), null);
    expect(await kept(null)).toHaveLength(before + 60);
    const ofTenant = (await kept()).length;
    await refuse(new Forbidden(), somebody());
    expect(await kept()).toHaveLength(ofTenant + 1);
  });

  it('is in the audit a hundred times an hour for one person, which the next of anybody tells of', async () => {
    const restless = somebody();
    const before = (await kept()).length;
    for (let at = 0; at < 110; at += 1) {
      now += 2_000;
      await refuse(new Forbidden(), restless);
    }
    expect(await kept()).toHaveLength(before + 100);
    await refuse(new Forbidden(), somebody());
    expect((await kept()).at(-1)).toMatchObject({ details: { leftOut: 10 } });
    await test.advance('1 hour');
    now += 3_600_000;
    await refuse(new Forbidden(), restless);
    expect(await kept()).toHaveLength(before + 102);
  });

  it('is counted as what it is told as, also when the audit has it', async () => {
    const told: unknown[] = [];
    const securityEvent: SecurityEventSink = (event, facts) => void told.push([event, facts]);
    await auditRefusals(
      { tenantId: null, origin: somebody(), action: ACTION, toldAs: 'password reset refused' },
      { ...flows, securityEvent },
      () => Promise.reject(new Refusal(audited(new Forbidden()), 'the link is old')),
    ).catch(() => undefined);
    expect(told).toEqual([['password reset refused', { reason: 'the link is old' }]]);
  });
});
