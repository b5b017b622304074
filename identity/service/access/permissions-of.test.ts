import { describe, expect, it } from '@jest/globals';
import { permissionsOf } from './permissions-of.js';

const catalogue = ['starter:notes:read', 'starter:notes:write', 'starter:notes:admin'];

describe('A role', () => {
  it.each([
    ['owner', catalogue],
    ['admin', catalogue],
    ['member', ['starter:notes:read', 'starter:notes:write']],
    ['viewer', ['starter:notes:read']],
  ])('%s may do what its name says', (role, permissions) => {
    expect(permissionsOf([role], catalogue)).toEqual(permissions);
  });

  it('adds to the others a member has', () => {
    expect(permissionsOf(['viewer', 'member'], catalogue)).toEqual(['starter:notes:read', 'starter:notes:write']);
  });

  it('gives nothing when nobody knows it', () => {
    expect(permissionsOf(['root', 'toString', '__proto__'], catalogue)).toEqual([]);
  });

  it('of the tenant gives what it lists, as far as a product declares that', () => {
    const custom = new Map([['auditor', ['starter:notes:admin', 'gone:things:read']]]);
    expect(permissionsOf(['auditor'], catalogue, custom)).toEqual(['starter:notes:admin']);
    expect(permissionsOf(['auditor', 'viewer'], catalogue, custom)).toEqual([
      'starter:notes:read',
      'starter:notes:admin',
    ]);
  });

  it('of ours is never one that a tenant writes', () => {
    expect(permissionsOf(['viewer'], catalogue, new Map([['viewer', catalogue]]))).toEqual(['starter:notes:read']);
  });
});
