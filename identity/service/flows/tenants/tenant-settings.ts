import { z } from 'zod';

const MOST_DOMAINS = 50;

/** Only people with an address there are invited; empty: anybody. Lower-case, without an `@`. */
const inviteDomains = z
  .array(
    z
      .string()
      .trim()
      .toLowerCase()
      .max(253)
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'is a domain such as example.org'),
  )
  .max(MOST_DOMAINS, `must have at most ${MOST_DOMAINS} domains`);

/** What a tenant's administrators set. Another key is refused; one that is not there has its default. */
export const tenantSettings = z.strictObject({ inviteDomains: inviteDomains.default([]) });

/** What they change: what is left out stays. */
export const changedSettings = z
  .strictObject({ inviteDomains: inviteDomains.nullish() })
  .transform((settings) => Object.fromEntries(Object.entries(settings).filter(([, value]) => value != null)));

export type TenantSettings = z.output<typeof tenantSettings>;
