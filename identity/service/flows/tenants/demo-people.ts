import type { Role } from '../../access/permissions-of.js';

export const DEMO_TENANTS = [
  { slug: 'acme', name: 'Acme', plan: 'pro' },
  { slug: 'globex', name: 'Globex', plan: 'free' },
] as const;

export interface DemoPerson {
  readonly email: string;
  readonly username: string;
  readonly displayName: string;
  readonly tenant: (typeof DEMO_TENANTS)[number]['slug'];
  readonly role: Role;
  readonly platformAdmin?: boolean;
}

/** Their addresses cannot be anybody's: `.test` is reserved (RFC 2606, section 2). */
export const DEMO_PEOPLE: readonly DemoPerson[] = [
  { email: 'ada@acme.test', username: 'ada', displayName: 'Ada', tenant: 'acme', role: 'owner' },
  { email: 'bob@acme.test', username: 'bob', displayName: 'Bob', tenant: 'acme', role: 'member' },
  { email: 'gus@globex.test', username: 'gus', displayName: 'Gus', tenant: 'globex', role: 'owner' },
  {
    email: 'root@platform.test',
    username: 'root',
    displayName: 'Root',
    tenant: 'acme',
    role: 'member',
    platformAdmin: true,
  },
];
