import type { TestCaller } from '@inevitable/kit/testing';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { askEntity, askField, type Question } from './ask-field.js';
import { NO_ID } from './example-of.js';
import { entitiesOf, fieldsOfRoot } from './product-schema.js';

/** How a caller is refused, and the fields that are open to it all the same (`Type.field`, `Type.*`). */
export interface Closed {
  readonly as: 'UNAUTHENTICATED' | 'FORBIDDEN';
  readonly but: readonly string[];
}

/** Each root field of the schema that answers `caller`, who must be refused; each a sentence. */
export async function judgeClosedFields(
  caller: TestCaller,
  schema: GraphQLSchema,
  { as, but }: Closed,
): Promise<string[]> {
  const findings: string[] = [];
  const isOpen = (type: string, field: string): boolean =>
    but.includes(`${type}.${field}`) || but.includes(`${type}.*`);
  for (const root of [schema.getQueryType(), schema.getMutationType()])
    for (const field of fieldsOfRoot(root)) {
      if (isOpen(root!.name, field.name)) continue;
      const refused = refusalIn(await ask(caller, askField(root!, field)));
      if (refused !== as) findings.push(`${root!.name}.${field.name} gives ${refused}, and not ${as}.`);
    }
  const subscriptions = schema.getSubscriptionType();
  for (const field of fieldsOfRoot(subscriptions)) {
    if (isOpen('Subscription', field.name)) continue;
    const refused = await refusalOf(caller, askField(subscriptions!, field));
    if (refused !== as) findings.push(`Subscription.${field.name} gives ${refused}, and not ${as}.`);
  }
  return findings;
}

/** What a fixture excuses from asking for a permission without a reason, or without need; each a sentence. */
export async function judgeExcuses(
  powerless: TestCaller,
  schema: GraphQLSchema,
  openToMembers: Readonly<Record<string, string>>,
): Promise<string[]> {
  const open = await judgeClosedFields(powerless, schema, { as: 'FORBIDDEN', but: [] });
  return Object.entries(openToMembers).flatMap(([field, reason]) => [
    ...(reason ? [] : [`openToMembers of the fixture gives no reason for ${field}.`]),
    ...(open.some((finding) => finding.startsWith(`${field} `))
      ? []
      : [`openToMembers of the fixture names ${field}, which is closed, or is no field.`]),
  ]);
}

/** Each entity that the anonymous may join, though none of its fields is open to them. */
export async function judgeClosedEntities(
  anonymous: TestCaller,
  schema: GraphQLSchema,
  publicFields: readonly string[],
): Promise<string[]> {
  const open = publicFields.map((field) => field.split('.')[0]);
  const findings: string[] = [];
  for (const entity of entitiesOf(schema)) {
    if (open.includes(entity.name)) continue;
    const refused = refusalIn(await ask(anonymous, askEntity(entity, NO_ID)));
    if (refused !== 'UNAUTHENTICATED') findings.push(`The anonymous join ${entity.name}: ${refused}.`);
  }
  return findings;
}

const ask = (caller: TestCaller, { text, variables }: Question): Promise<ExecutionResult> =>
  caller.query(text, { ...variables });

/** The code of what the field itself was refused with. One below it that is refused shows that it was not. */
function refusalIn({ errors = [] }: ExecutionResult): string {
  const own = errors.find(({ path }) => path?.length === 1);
  return own ? String(own.extensions['code']) : 'an answer';
}

async function refusalOf(caller: TestCaller, { text, variables }: Question): Promise<string> {
  try {
    const events = await caller.subscribe(text, { ...variables });
    await events.return!();
    return 'events';
  } catch (error) {
    return String((error as { code?: unknown }).code ?? error);
  }
}
