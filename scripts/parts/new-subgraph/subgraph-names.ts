import { formsOf, pluralOf, singularOf, wordsOfPascal, type NameForms } from './name-forms.js';

/** What was asked for cannot be made; the message is one sentence that says what to give instead. Nothing is written. */
export class SubgraphRefused extends Error {}

/** What the starter's `starter`, `note` and `notes` become. */
export interface SubgraphNames {
  readonly product: NameForms;
  readonly one: NameForms;
  readonly many: NameForms;
}

export interface AskedNames {
  /** `claude-config`. */
  readonly product: string;
  /** `Configuration`; made of the product's name unless told. */
  readonly entity?: string | undefined;
  /** `Configurations`; made of the entity's name unless told. */
  readonly plural?: string | undefined;
}

/**
 * Words that lead somewhere else already: commands of `stack`, parts of the stack, its packages and services, paths of the
 * gateway, schemas of the database, and first words of settings (a product `public` would read PUBLIC_URL as its address).
 */
const TAKEN: ReadonlySet<string> = new Set([
  ...['start', 'compose', 'check', 'lint', 'publish', 'history', 'diff', 'rollback', 'new', 'dev', 'explain', 'schema'],
  ...[
    'documents',
    'doctor',
    'migrate',
    'token',
    'help',
    'stack',
    'worker',
    'subgraph',
    'gateway',
    'identity',
    'operations',
    'kit',
  ],
  ...['contract', 'toolchain', 'starter', 'core-identity', 'graphql', 'graphiql', 'live', 'ready', 'health', 'metrics'],
  ...['auth', 'admin', 'internal', 'public', 'jobs', 'postgres', 'template0', 'template1', 'information-schema'],
  ...['database', 'nats', 'redis', 'mongodb', 's3', 'no-tenant', 'constructor', 'prototype'],
]);

/** Of JavaScript (ECMA-262, section 12.7.2, in a module) and what strict mode keeps from being bound. */
const JAVASCRIPT: ReadonlySet<string> = new Set(
  (
    'arguments as async await break case catch class const continue debugger default delete do else enum eval export ' +
    'extends false finally for from function get if implements import in instanceof interface let new null of package ' +
    'private protected public return set static super switch this throw true try type typeof undefined var void while ' +
    'with yield'
  ).split(' '),
);

/** Types of GraphQL, of the shared schema, of TypeScript and of what is generated. Those of other subgraphs are asked for. */
const TYPES: ReadonlySet<string> = new Set(
  (
    'Query Mutation Subscription User Tenant String Int Float Boolean ID Any Entity Service Node Page Edge Connection Date Array Map ' +
    'Set Object Promise Error Symbol Function Number Record Partial Required Readonly Pick Omit Exclude Extract Parameters ' +
    'Awaited Url Json Buffer Prisma PrismaClient Maybe InputMaybe Exact Incremental Scalars Resolver Resolvers Context ' +
    'Scope Job Event Outbox Clock Model Enum Input Type Directive Federation Link Join'
  ).split(' '),
);

/** Keywords of PostgreSQL that no table can be called by without quotes (its documentation, appendix C). */
const SQL: ReadonlySet<string> = new Set(
  (
    'all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation ' +
    'column concurrently constraint create cross current_catalog current_date current_role current_schema current_time ' +
    'current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze ' +
    'from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit ' +
    'localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references ' +
    'returning right select session_user similar some symmetric system_user table tablesample then to trailing true ' +
    'union unique user using variadic verbose when where window with clock outbox'
  ).split(' '),
);

/** Longer names are cut off by PostgreSQL, in silence, and two of them could then be one (NAMEDATALEN - 1). */
const LONGEST_IDENTIFIER = 63;
const LONGEST_PRODUCT = LONGEST_IDENTIFIER - '_system'.length;
const LONGEST_TABLE = LONGEST_IDENTIFIER - '_tenant_id_created_by_id_idx'.length;

/** Throws `SubgraphRefused`. */
export function parseNames({ product, entity, plural }: AskedNames): SubgraphNames {
  const names = namesOf(product, entity, plural);
  refuseProduct(names.product);
  refuseEntity(names, entity !== undefined);
  return names;
}

function namesOf(product: string, entity: string | undefined, plural: string | undefined): SubgraphNames {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(product))
    throw new SubgraphRefused(
      `"${product}" is no name for a product: write it in small letters, digits and single dashes, such as "claude-config".`,
    );
  for (const [flag, name] of [
    ['--entity', entity],
    ['--plural', plural],
  ] as const)
    if (name !== undefined && !/^([A-Z][a-z0-9]+)+$/.test(name))
      throw new SubgraphRefused(
        `${flag} ${JSON.stringify(name)} is no name for a type: write it as "Invoice" or "UsageEntry".`,
      );
  const words = product.split('-');
  const one = entity === undefined ? [...words.slice(0, -1), singularOf(words.at(-1)!)] : wordsOfPascal(entity);
  const many = plural === undefined ? [...one.slice(0, -1), pluralOf(one.at(-1)!)] : wordsOfPascal(plural);
  return { product: formsOf(words), one: formsOf(one), many: formsOf(many) };
}

function refuseProduct({ kebab, camel }: NameForms): void {
  if (TAKEN.has(kebab) || kebab.startsWith('pg-'))
    throw new SubgraphRefused(`"${kebab}" is a word of the stack itself: choose another name for the product.`);
  if (JAVASCRIPT.has(camel))
    throw new SubgraphRefused(
      `"${kebab}" is a word of JavaScript, and the product's module could not be called by it: choose another name.`,
    );
  if (SQL.has(kebab))
    throw new SubgraphRefused(`"${kebab}" is a word of SQL, and so is no good name for a schema: choose another one.`);
  if (kebab.length > LONGEST_PRODUCT)
    throw new SubgraphRefused(
      `"${kebab}" has ${kebab.length} characters, and PostgreSQL cuts the names of its roles beyond ${LONGEST_PRODUCT}: choose a shorter name.`,
    );
}

function refuseEntity({ one, many }: SubgraphNames, told: boolean): void {
  const instead = told ? 'give another --entity' : 'name its objects with --entity';
  if (TYPES.has(one.pascal) || TYPES.has(many.pascal))
    throw new SubgraphRefused(`The type "${one.pascal}" is there already, in every subgraph: ${instead}.`);
  if (/(Input|Payload|Connection|Edge|Changed)$/.test(one.pascal))
    throw new SubgraphRefused(`"${one.pascal}" ends as the types do that are made of an entity's name: ${instead}.`);
  if (JAVASCRIPT.has(one.camel) || JAVASCRIPT.has(many.camel))
    throw new SubgraphRefused(`"${one.camel}" is a word of JavaScript, and no variable can be called so: ${instead}.`);
  if (one.kebab === many.kebab)
    throw new SubgraphRefused(
      `"${one.pascal}" is the same in the plural: say what its list is called with --plural, such as --plural All${one.pascal}.`,
    );
  if (SQL.has(many.snake))
    throw new SubgraphRefused(
      `"${many.snake}" is a word of SQL, and no table can be called so: ${instead}, or --plural.`,
    );
  if (many.snake.length > LONGEST_TABLE)
    throw new SubgraphRefused(
      `"${many.snake}" has ${many.snake.length} characters, and PostgreSQL cuts the names of its indexes beyond ${LONGEST_TABLE}: give a shorter --entity or --plural.`,
    );
}
