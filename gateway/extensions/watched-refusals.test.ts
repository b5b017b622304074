import { describe, expect, it } from '@jest/globals';
import { anonymousContext, Forbidden, type TenantId, type UserId } from '@inevitable/contract';
import { pino } from 'pino';
import { proceed, reject, type GatewayExtension, type OperationSeen } from './gateway-extension.js';
import { gatherExtensions } from './gather-extensions.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { watchedRefusals } from './watched-refusals.js';

const [ACME, ADA] = ['01890000-0000-7000-8000-00000000acfe' as TenantId, 'ada' as UserId];
const member = contextFor({
  tenant: { id: ACME, plan: 'pro', entitlementsDigest: '' },
  caller: { kind: 'member', userId: ADA },
});
const operation = { context: member } as OperationSeen;

async function told(onOperation: GatewayExtension['onOperation'], asked = operation) {
  const events: unknown[] = [];
  const extension: GatewayExtension = { name: 'watched', contract: 1, ...(onOperation && { onOperation }) };
  const log = pino({ level: 'silent' });
  const watched = watchedRefusals(gatherExtensions([extension], log), (...event) => void events.push(event));
  const verdict = await Promise.resolve()
    .then(() => watched.onOperation!(asked))
    .catch((error: unknown) => error);
  return { events, verdict };
}

describe('An extension that', () => {
  const refusal = new Forbidden();
  it.each<[string, NonNullable<GatewayExtension['onOperation']>]>([
    ['rejects', () => reject(refusal)],
    ['rejects later', async () => reject(refusal)],
    [
      'throws a refusal',
      () => {
        throw refusal;
      },
    ],
    ['throws a refusal later', () => Promise.reject(refusal)],
  ])('%s makes a security event that names the code, the tenant and who it was', async (_how, onOperation) => {
    const { events, verdict } = await told(onOperation);
    const { requestId } = member;
    expect(events).toEqual([
      [
        'operation refused',
        { code: 'FORBIDDEN', tenantId: ACME, actor: { kind: 'user', id: ADA }, onBehalfOf: null, requestId },
      ],
    ]);
    expect([refusal, reject(refusal)]).toContainEqual(verdict);
  });

  it('refuses nobody in particular makes one that names nobody', async () => {
    const context = anonymousContext(member);
    const { events } = await told(() => reject(refusal), { ...operation, context });
    expect(events).toEqual([
      ['operation refused', { code: 'FORBIDDEN', tenantId: null, requestId: context.requestId }],
    ]);
  });

  it.each<[string, NonNullable<GatewayExtension['onOperation']>]>([
    ['lets an operation go on', () => proceed],
    ['lets it go on later', async () => proceed],
    ['fails', () => Promise.reject(new Error('away'))],
  ])('%s makes none', async (_how, onOperation) => {
    expect((await told(onOperation)).events).toEqual([]);
  });
});
