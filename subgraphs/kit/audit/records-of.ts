import { CallerError } from '@inevitable/contract';
import type { QueryConfig } from 'pg';
import type { ProductDatabase } from '../database/index.js';
import type { ProductContext } from '../subgraph/product-context.js';
import { auditStatement } from './audit-statement.js';
import type { RefusalLimit } from './refusal-limit.js';
import type { SubjectReader } from './subjects-of.js';

/** What one root mutation field leaves for the audit. */
export interface MutationRecords {
  ofSuccess(context: ProductContext, args: Readonly<Record<string, unknown>>, answer: unknown): QueryConfig;
  /**
   * Records what a known caller of a tenant was refused with, if it is theirs to hear, once the transaction is rolled back:
   * without subjects, since nobody looked whether they are the tenant's. Never rejects: the caller hears why it was refused,
   * whatever becomes of this.
   */
  keepRefusal(context: ProductContext, error: unknown, database: ProductDatabase): Promise<void>;
}

/** `action`: `<product>.<field>`. */
export const recordsOf = (action: string, subjects: SubjectReader, limit: RefusalLimit): MutationRecords => ({
  ofSuccess: (context, args, answer) =>
    auditStatement(context, action, {
      outcome: 'success',
      reason: null,
      subjects: subjects(args, answer),
      leftOut: 0,
    }),
  async keepRefusal(context, error, database) {
    const { tenant, caller, log } = context;
    if (!(error instanceof CallerError) || !tenant || caller.kind === 'anonymous') return;
    const allowed = limit.claim(tenant.id);
    if (!allowed) return;
    const refusal = auditStatement(context, action, {
      outcome: 'refused',
      reason: error.code,
      subjects: [],
      leftOut: allowed.leftOut,
    });
    await database
      .forTenant(tenant.id)
      .statement(refusal)
      .catch((failure: unknown) => log.warn({ err: failure, action }, 'a refusal was not recorded for the audit'));
  },
});
