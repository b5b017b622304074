import type { JobDefinitionResolvers, JobScope } from '../generated/resolvers.js';

export const jobDefinitionFields: JobDefinitionResolvers = {
  scope: ({ scope }) => (scope === 'each-tenant' ? 'EACH_TENANT' : 'ONCE') as JobScope,
  retry: ({ retry: { attempts, backoff, firstMs, maxMs, jitter } }) => ({
    attempts,
    backoff,
    firstMs,
    maxMs: maxMs ?? null,
    jitter: jitter ?? false,
  }),
};
