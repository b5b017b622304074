import { defineEvent } from '@inevitable/kit';
import { z } from 'zod';

/** Of no tenant: tenants' subscriptions do not hear it. */
export const schemaPublished = defineEvent({
  name: 'operations.schema.published.v1',
  description: 'Another version of the supergraph became the one that gateways serve.',
  payload: z.object({
    /** Grows with every publication: what comes with a lower one was overtaken. */
    position: z.number().int(),
    version: z.number().int(),
    kind: z.enum(['publish', 'rollback']),
    /** Who did it: a platform administrator's id, or a user and a machine. */
    by: z.string(),
    /** True: it did not pass a check, and was published all the same. The registry has what the check found. */
    forced: z.boolean(),
  }),
});
