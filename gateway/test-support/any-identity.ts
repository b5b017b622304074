import { randomUUID } from 'node:crypto';
import type { Caller, RequestContext, SessionId, TenantId, UserId } from '@inevitable/contract';
import fc from 'fast-check';

export type Identity = Pick<RequestContext, 'caller' | 'sessionId' | 'tenant' | 'roles' | 'may' | 'deployment'>;

const [T1, T2] = [randomUUID() as TenantId, randomUUID() as TenantId];
const [U1, U2] = [randomUUID() as UserId, randomUUID() as UserId];
const [S1, S2] = [randomUUID() as SessionId, randomUUID() as SessionId];

const callers = fc.constantFrom<Caller>(
  { kind: 'anonymous' },
  { kind: 'member', userId: U1 },
  { kind: 'member', userId: U2 },
  { kind: 'member', userId: U1, actor: U2 },
  { kind: 'platformAdmin', userId: U1 },
  { kind: 'service', service: U1 },
);
const words = fc.array(fc.constantFrom('a', 'b', 'a:b', 'owner', 'a b', '","'), { maxLength: 3 });
const record = <T>(fields: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) => fc.record(fields, { noNullPrototype: true });
/** Few values each, so that two callers who differ in exactly one thing are common. */
export const anyIdentity: fc.Arbitrary<Identity> = record({
  caller: callers,
  sessionId: fc.constantFrom(null, S1, S2),
  tenant: fc.oneof(
    fc.constant(null),
    record({
      id: fc.constantFrom(T1, T2),
      plan: fc.constantFrom('free', 'team'),
      entitlementsDigest: fc.constantFrom('d1', 'd2'),
    }),
  ),
  roles: words,
  may: words.map((permissions) => new Set(permissions.filter((permission) => !permission.includes(' ')))),
  deployment: fc.constantFrom('internal' as const, 'customer' as const),
});
