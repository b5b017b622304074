import { newId, type SubgraphDeclaration } from '@inevitable/kit';
import type { TestCaller, TestSubgraph } from '@inevitable/kit/testing';
import { getNamedType, isInputObjectType, isRequiredInputField, type GraphQLField, type GraphQLSchema } from 'graphql';
import { askEntity, askField, isId } from './ask-field.js';
import { entitiesOf, fieldsOfRoot } from './product-schema.js';
import { tenantRows } from './tenant-rows.js';

/** A way to ask for something by its id. */
interface Way {
  readonly name: string;
  /** The whole answer, as text. */
  ask(caller: TestCaller, id: string): Promise<string>;
  /** False: asking changes something, so the owner is not asked. */
  readonly reads: boolean;
}

interface Parties {
  readonly owner: TestCaller;
  readonly stranger: TestCaller;
}

/**
 * Where a stranger's answer to an id of another tenant is not the very answer to an id that does not exist; each a
 * sentence. A way that shows its owner nothing either is a finding too: it would prove nothing.
 */
export async function judgeStrangers(
  product: TestSubgraph,
  declaration: Pick<SubgraphDeclaration, 'routes'>,
  schema: GraphQLSchema,
  { owner, stranger }: Parties,
): Promise<string[]> {
  const findings: string[] = [];
  const tenantId = owner.context.tenant!.id;
  const before = await tenantRows(product, tenantId);
  const named = before.flatMap(({ rows }) => rows.flatMap(({ id }) => (typeof id === 'string' ? [id] : [])));
  const ids = [...named, tenantId, userIdOf(owner)];
  for (const { name, ask, reads } of waysOf(declaration, schema)) {
    const unknown = newId();
    const nothing = await ask(stranger, unknown);
    if (nothing.includes(unknown)) findings.push(`${name} answers with the id it was asked for, known or not.`);
    for (const id of ids) {
      const answer = await ask(stranger, id);
      if (answer !== nothing)
        findings.push(`${name} tells another tenant that ${id} exists: ${answer} in place of ${nothing}`);
    }
    if (!reads) continue;
    const ownNothing = await ask(owner, unknown);
    const own = await Promise.all(ids.map((id) => ask(owner, id)));
    if (own.every((answer) => answer === ownNothing))
      findings.push(
        `${name} shows its own tenant nothing for any id: fill() of the fixture leaves nothing to see there.`,
      );
  }
  if (JSON.stringify(await tenantRows(product, tenantId)) !== JSON.stringify(before))
    findings.push('A question of another tenant changed rows that are not its own.');
  return findings;
}

function waysOf({ routes = {} }: Pick<SubgraphDeclaration, 'routes'>, schema: GraphQLSchema): readonly Way[] {
  const query = schema.getQueryType();
  const mutation = schema.getMutationType();
  return [
    ...fieldsOfRoot(query)
      .filter(({ args }) => args.some(isId))
      .map((field): Way => ({
        name: `Query.${field.name}`,
        reads: true,
        ask: (caller, id) => answerTo(caller, askField(query!, field, id)),
      })),
    ...fieldsOfRoot(mutation)
      .filter(takesAnId)
      .map((field): Way => ({
        name: `Mutation.${field.name}`,
        reads: false,
        ask: (caller, id) => answerTo(caller, askField(mutation!, field, id)),
      })),
    ...entitiesOf(schema).map((entity): Way => ({
      name: `The join of ${entity.name}`,
      reads: true,
      ask: (caller, id) => answerTo(caller, askEntity(entity, id)),
    })),
    ...Object.keys(routes)
      .filter((pattern) => /^GET .*\/:\w+/.test(pattern))
      .map((pattern): Way => ({
        name: pattern,
        reads: true,
        ask: (caller, id) => pageAt(caller, pattern.slice('GET '.length).replace(/:\w+/g, id)),
      })),
  ];
}

/** All that its one input must have is ids. */
function takesAnId({ args }: GraphQLField<unknown, unknown>): boolean {
  const input = args[0] && getNamedType(args[0].type);
  if (!isInputObjectType(input)) return false;
  const required = Object.values(input.getFields()).filter(isRequiredInputField);
  return required.length > 0 && required.every(({ type }) => getNamedType(type).name === 'ID');
}

async function answerTo(caller: TestCaller, { text, variables }: ReturnType<typeof askField>): Promise<string> {
  return JSON.stringify(await caller.query(text, { ...variables }));
}

async function pageAt(caller: TestCaller, path: string): Promise<string> {
  const response = await caller.fetch(path);
  const headers = [...response.headers].filter(([name]) => name !== 'date').sort();
  return JSON.stringify([response.status, headers, Buffer.from(await response.arrayBuffer()).toString('latin1')]);
}

function userIdOf({ context: { caller } }: TestCaller): string {
  if (caller.kind !== 'member') throw new Error('A fixture fills a tenant as a member of it.');
  return caller.userId;
}
