import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { defaultFieldResolver, type GraphQLSchema } from 'graphql';
import { recordsOf } from '../audit/records-of.js';
import type { RefusalLimit } from '../audit/refusal-limit.js';
import { subjectsOf } from '../audit/subjects-of.js';
import type { ProductDatabase } from '../database/index.js';
import { completeSchema } from '../graph/complete-schema.js';
import { sharedScalars } from '../graph/scalars.js';
import { traceRootFields } from '../observation/trace-operations.js';
import { tenantWork } from '../outbox/outbox.js';
import type { SubgraphDeclaration } from './define-subgraph.js';
import { denyByDefault } from './deny-by-default.js';
import type { ProductContext } from './product-context.js';

/** A field of `Subscription` has no `subscribe`: nobody would ever hear anything. */
export class NotSubscribable extends Error {}

/**
 * The declaration's schema with its resolvers, closed to the anonymous, each root mutation field in one transaction.
 * `refusals`: how many of them are recorded. Throws `NotSubscribable`.
 */
export function executableSchema(
  declaration: SubgraphDeclaration,
  database: ProductDatabase | null,
  refusals: RefusalLimit,
): GraphQLSchema {
  const sdl = readFileSync(declaration.schema, 'utf8');
  const typeDefs = completeSchema(sdl, declaration.schema.pathname);
  const known = new Set(
    typeDefs.definitions.flatMap((definition) =>
      'name' in definition && definition.name ? [definition.name.value] : [],
    ),
  );
  const scalars = Object.fromEntries(Object.entries(sharedScalars).filter(([name]) => known.has(name)));
  const schema = buildSubgraphSchema({ typeDefs, resolvers: { ...scalars, ...declaration.resolvers } as never });
  if (database) mutateInTransactions(schema, database, declaration, refusals);
  assertSubscribable(schema);
  denyByDefault(schema, declaration.publicFields ?? []);
  traceRootFields(schema);
  return schema;
}

/**
 * Rows, events and jobs of one root mutation field are committed when its resolver returns, and with them the record of it
 * for the audit; what it throws rolls back.
 */
function mutateInTransactions(
  schema: GraphQLSchema,
  database: ProductDatabase,
  declaration: SubgraphDeclaration,
  refusals: RefusalLimit,
): void {
  const { name: product, events = [], audits } = declaration;
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const resolve = field.resolve ?? defaultFieldResolver;
    const record = audits === 'itself' ? null : recordsOf(`${product}.${field.name}`, subjectsOf(field), refusals);
    field.resolve = async (parent, args, context: ProductContext, info) => {
      const givingBack: (() => Promise<unknown>)[] = [];
      try {
        return await database.transaction(
          context.tenant?.id ?? null,
          async (handle) => {
            const onRollback: ProductContext['onRollback'] = (giveBack) => void givingBack.push(giveBack);
            return resolve(parent, args, context.within(tenantWork(handle, context, events), onRollback), info);
          },
          record ? (answer) => record.ofSuccess(context, args, answer) : undefined,
        );
      } catch (error) {
        await giveBackAll(givingBack, context);
        await record?.keepRefusal(context, error, database);
        throw error;
      }
    };
  }
}

/** The last one taken first. What fails is logged: the caller hears why the mutation failed. */
async function giveBackAll(givingBack: (() => Promise<unknown>)[], { log }: ProductContext): Promise<void> {
  for (const giveBack of givingBack.reverse())
    await giveBack().catch((error: unknown) =>
      log.warn({ err: error }, 'what a mutation had taken elsewhere was not given back'),
    );
}

function assertSubscribable(schema: GraphQLSchema): void {
  for (const { name, subscribe } of Object.values(schema.getSubscriptionType()?.getFields() ?? {})) {
    if (!subscribe)
      throw new NotSubscribable(`Subscription.${name} has no subscribe: its resolver is { subscribe, resolve }.`);
  }
}
