import { z } from 'zod';

const MOST_DOMAINS = 50;

/** What a tenant's administrators set. Another key is refused; one that is not there has its default. */
export const tenantSettings = z.strictObject({
  /** Only people with an address there are invited; empty: anybody. Lower-case, without an `@`. */
  inviteDomains: z
    .array(
      z
        .string()
        .trim()
        .toLowerCase()
        .max(253)
        .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'is a domain such as example.org'),
    )
    .max(MOST_DOMAINS, `must have at most ${MOST_DOMAINS} domains`)
    .default([]),
});

export type TenantSettings = z.output<typeof tenantSettings>;
