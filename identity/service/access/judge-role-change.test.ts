import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { judgePermissions, judgeRoleChange, type RoleChange } from './judge-role-change.js';
import { permissionsOf, ROLES, type CustomRoles } from './permissions-of.js';

const CATALOGUE = ['a:notes:read', 'a:notes:write', 'a:notes:admin', 'b:files:read', 'b:files:admin'];
const CUSTOM = ['auditor', 'editor', 'gone'];

const anyRoles = fc.uniqueArray(fc.constantFrom(...ROLES, ...CUSTOM), { maxLength: 4 });
const anyPermissions = fc.uniqueArray(fc.constantFrom(...CATALOGUE));
const anySituation = fc.record({
  auditor: anyPermissions,
  editor: anyPermissions,
  granter: anyRoles,
  /** What the token leaves of the granter's permissions. */
  scopes: fc.option(anyPermissions, { nil: CATALOGUE }),
  before: anyRoles,
  after: anyRoles,
});

type Situation = typeof anySituation extends fc.Arbitrary<infer Value> ? Value : never;

function judged({ auditor, editor, granter, scopes, before, after }: Situation) {
  const customRoles: CustomRoles = new Map([
    ['auditor', auditor],
    ['editor', editor],
  ]);
  const of = (roles: readonly string[]) => permissionsOf(roles, CATALOGUE, customRoles);
  const permissions = new Set(of(granter).filter((permission) => scopes.includes(permission)));
  const change: RoleChange = { by: { roles: granter, permissions }, before, after };
  return { verdict: judgeRoleChange(change, (role) => of([role])).kind, permissions, of };
}

describe('A change of roles', () => {
  it('never gives or takes what whoever makes it may not do', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { verdict, permissions, of } = judged(situation);
        if (verdict === 'refused') return;
        const [before, after] = [of(situation.before), of(situation.after)];
        const moved = [
          ...after.filter((permission) => !before.includes(permission)),
          ...before.filter((permission) => !after.includes(permission)),
        ];
        expect(moved.filter((permission) => !permissions.has(permission))).toEqual([]);
      }),
    );
  });

  it.each(['owner', 'admin'])('into or out of %s is made by owners alone', (role) => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        const { verdict } = judged(situation);
        const moves = situation.before.includes(role as 'owner') !== situation.after.includes(role as 'owner');
        if (moves && verdict === 'allowed') expect(situation.granter).toContain('owner');
      }),
    );
  });

  it('is always open to an owner whose token reaches everything', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        expect(judged({ ...situation, granter: ['owner'], scopes: CATALOGUE }).verdict).toBe('allowed');
      }),
    );
  });

  it('is open to an admin for members, viewers and custom roles', () => {
    const granter = ['admin' as const];
    const situation = { auditor: CATALOGUE, editor: [], granter, scopes: CATALOGUE, before: [], after: [] };
    for (const after of ['member', 'viewer', 'auditor'] as const)
      expect(judged({ ...situation, after: [after] }).verdict).toBe('allowed');
  });

  it('that changes nothing needs no right', () => {
    fc.assert(
      fc.property(anySituation, (situation) => {
        expect(judged({ ...situation, granter: [], after: [...situation.before].reverse() }).verdict).toBe('allowed');
      }),
    );
  });
});

describe('The permissions of a custom role', () => {
  it('are within those of whoever writes it', () => {
    expect(judgePermissions(new Set(['a:notes:read']), ['a:notes:read'])).toEqual({ kind: 'allowed' });
    expect(judgePermissions(new Set(['a:notes:read']), ['a:notes:read', 'a:notes:admin'])).toEqual({
      kind: 'refused',
      reason: '"a:notes:admin" is beyond the caller\'s own permissions',
    });
  });
});
