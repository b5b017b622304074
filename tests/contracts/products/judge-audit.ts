import { Conflict, Forbidden, newId, type SubgraphDeclaration } from '@inevitable/kit';
import { hostSubgraph } from '@inevitable/kit/host';
import type { TestSubgraph } from '@inevitable/kit/testing';
import type { RequestContext } from '@inevitable/contract';
import type { GraphQLSchema } from 'graphql';
import { pino } from 'pino';
import { askField } from './ask-field.js';
import { fieldsOfRoot } from './product-schema.js';

/** How the mutations of a product end, in place of what they do. */
const ENDINGS = {
  success: { answer: () => null, leaves: ['success'] },
  denied: { answer: () => Promise.reject(new Forbidden()), leaves: ['refused'] },
  refused: { answer: () => Promise.reject(new Conflict('It is taken.')), leaves: ['refused'] },
  failure: { answer: () => Promise.reject(new Error('boom')), leaves: [] },
} as const;

/**
 * Which root mutation fields of a product leave another record for the audit than one of the caller for what they did, or
 * for what was refused, and none for what failed by a fault of ours; each a sentence. Its worker runs.
 */
export async function judgeAudit(
  product: TestSubgraph,
  declaration: SubgraphDeclaration,
  schema: GraphQLSchema,
  caller: RequestContext,
): Promise<string[]> {
  const root = schema.getMutationType();
  const fields = fieldsOfRoot(root);
  const asked: { readonly field: string; readonly requestId: string; readonly leaves: readonly string[] }[] = [];
  for (const { answer, leaves } of Object.values(ENDINGS)) {
    const Mutation = Object.fromEntries(fields.map(({ name }) => [name, answer]));
    const hosted = hostSubgraph(
      { ...declaration, resolvers: { ...declaration.resolvers, Mutation } },
      {
        database: product.database,
        entitlements: product.entitlements,
        events: product.events,
        files: product.files,
        log: pino({ level: 'silent' }),
      },
    );
    for (const field of fields) {
      const { text, variables } = askField(root!, field);
      const requestId = newId();
      await hosted.execute({ query: text, variables }, { ...caller, requestId });
      asked.push({ field: field.name, requestId, leaves });
    }
  }
  await product.audit.settled();
  return asked.flatMap(({ field, requestId, leaves }) => {
    const left = product.audit.records.filter((record) => record.requestId === requestId);
    const wanted = leaves.map((outcome) => `${outcome} of ${declaration.name}.${field} by ${whoOf(caller)}`);
    const got = left.map(
      ({ outcome, action, actor, tenantId }) => `${outcome} of ${action} by ${tenantId}/${actor.id}`,
    );
    if (JSON.stringify(got) === JSON.stringify(wanted)) return [];
    return [
      `Mutation.${field} leaves ${got.join(', ') || 'nothing'} for the audit, and not ${wanted.join(', ') || 'nothing'}.`,
    ];
  });
}

const whoOf = ({ tenant, caller }: RequestContext): string =>
  `${tenant?.id}/${caller.kind === 'member' ? caller.userId : caller.kind}`;
