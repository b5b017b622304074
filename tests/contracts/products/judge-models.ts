import type { TestSubgraph } from '@inevitable/kit/testing';
import pg from 'pg';
import { readPrismaModels, type PrismaField } from './read-prisma-models.js';

/** Tables that are the kit's and therefore in nobody's schema.prisma. */
const OF_THE_KIT = ['outbox', 'clock', '_prisma_migrations', '_kit_migrations'];

interface Column {
  readonly table: string;
  readonly name: string;
  /** `int4`, `_text` and the like. */
  readonly type: string;
  readonly isNullable: boolean;
  readonly isFilled: boolean;
}

const COLUMNS = `
  select t.table_name as table, c.column_name as name, c.udt_name as type, c.is_nullable = 'YES' as "isNullable",
    c.column_default is not null or c.is_identity = 'YES' or c.is_generated = 'ALWAYS' as "isFilled"
  from information_schema.tables t join information_schema.columns c using (table_schema, table_name)
  where t.table_schema = $1 and t.table_type = 'BASE TABLE' and t.table_name <> all ($2)
  order by 1, c.ordinal_position`;

/**
 * Where schema.prisma and the migrations disagree, in either direction, and which models the generated client cannot read
 * as `tenantId` though it is asked for every column of every row; each a sentence.
 */
export async function judgeModels(product: TestSubgraph, schemaPrisma: string, tenantId: string): Promise<string[]> {
  const schema = product.database.product;
  const models = readPrismaModels(schemaPrisma);
  const owner = new pg.Client({ connectionString: product.ownerUrl, options: `-c search_path=${schema}` });
  await owner.connect();
  try {
    const { rows: columns } = await owner.query<Column>(COLUMNS, [schema, OF_THE_KIT]);
    const findings: string[] = [];
    for (const table of new Set(columns.map((column) => column.table)))
      if (!models.some((model) => model.table === table))
        findings.push(`No model of schema.prisma is table "${table}".`);

    const client = product.database.forTenant(tenantId).db as unknown as Record<string, Delegate>;
    for (const { name, table, fields } of models) {
      const own = columns.filter((column) => column.table === table);
      const disagreements = compare(name, fields, own);
      findings.push(...disagreements);
      if (disagreements.length) continue; // reading it would say the same again
      const ofTenant = own.some((column) => column.name === 'tenant_id') ? 'where tenant_id = $1' : "where $1 <> ''";
      const { rows } = await owner.query<{ count: number }>(
        `select count(*)::int as count from ${pg.escapeIdentifier(table)} ${ofTenant}`,
        [tenantId],
      );
      const read = await client[lowerFirst(name)]!.findMany().catch((error: Error) => error.message);
      if (typeof read === 'string') findings.push(`${name} cannot be read: ${read}`);
      else if (read.length !== rows[0]!.count)
        findings.push(`${name} has ${rows[0]!.count} rows of the tenant, and its own client reads ${read.length}.`);
    }
    return findings;
  } finally {
    await owner.end();
  }
}

interface Delegate {
  findMany(): Promise<readonly object[]>;
}

const lowerFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function compare(model: string, fields: readonly PrismaField[], columns: readonly Column[]): string[] {
  const findings = columns
    .filter((column) => !fields.some((field) => field.column === column.name))
    .map((column) => `No field of ${model} is the column "${column.name}".`);
  for (const field of fields) {
    const path = `${model}.${field.name}`;
    const column = columns.find(({ name }) => name === field.column);
    if (!column) {
      findings.push(`${path} is the column "${field.column}", which no migration makes.`);
      continue;
    }
    if (column.type !== field.type)
      findings.push(`${path} is written as ${field.type}, and its column is ${column.type}.`);
    if (column.isNullable !== field.isOptional)
      findings.push(`${path} ${field.isOptional ? 'may' : 'may not'} be null, unlike its column.`);
    if (field.isFilledByDatabase && !column.isFilled)
      findings.push(`${path} is left to the database, whose column has no default.`);
  }
  return findings;
}
