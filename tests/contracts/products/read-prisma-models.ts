/** A model of a schema.prisma, as far as it says something of columns. */
export interface PrismaModel {
  readonly name: string;
  readonly table: string;
  readonly fields: readonly PrismaField[];
}

export interface PrismaField {
  readonly name: string;
  readonly column: string;
  /** PostgreSQL's name of the type Prisma writes: `text`, `int4`, `_text` for a list of texts. */
  readonly type: string;
  readonly isOptional: boolean;
  /** Prisma sends no value where it is given none. */
  readonly isFilledByDatabase: boolean;
}

/** What Prisma takes a field for that says nothing else (prisma.io, "PostgreSQL: type mapping"). */
const TYPES: Readonly<Record<string, string>> = {
  String: 'text',
  Boolean: 'bool',
  Int: 'int4',
  BigInt: 'int8',
  Float: 'float8',
  Decimal: 'numeric',
  DateTime: 'timestamp',
  Json: 'jsonb',
  Bytes: 'bytea',
};
/** `@db.…`, where PostgreSQL calls it something else than Prisma does. */
const NATIVE: Readonly<Record<string, string>> = {
  smallint: 'int2',
  integer: 'int4',
  bigint: 'int8',
  real: 'float4',
  doubleprecision: 'float8',
  decimal: 'numeric',
  boolean: 'bool',
  char: 'bpchar',
  bytea: 'bytea',
};

/** Reads the models of a schema.prisma, which is one declaration a line. Relations are no columns and are left out. */
export function readPrismaModels(text: string): readonly PrismaModel[] {
  const blocks = [...text.matchAll(/^(model|enum)\s+(\w+)\s*\{\n(.*?)^\}/gms)].map(([, kind, name, body]) => ({
    kind: kind!,
    name: name!,
    lines: body!.split('\n').map((line) => line.replace(/\/\/.*$/, '').trim()),
  }));
  const models = new Set(blocks.filter(({ kind }) => kind === 'model').map(({ name }) => name));
  return blocks
    .filter(({ kind }) => kind === 'model')
    .map(({ name, lines }) => ({
      name,
      table: mapped(lines.find((line) => line.startsWith('@@map')) ?? '') ?? name,
      fields: lines.filter((line) => /^\w/.test(line)).flatMap((line) => readField(line, models)),
    }));
}

function readField(line: string, models: ReadonlySet<string>): readonly PrismaField[] {
  const [, name, type, list, optional, attributes] = /^(\w+)\s+(\w+)(\[\])?(\?)?\s*(.*)$/.exec(line)!;
  if (models.has(type!)) return [];
  const native = /@db\.(\w+)/.exec(attributes!)?.[1]?.toLowerCase();
  const written = native === undefined ? (TYPES[type!] ?? type!) : (NATIVE[native] ?? native);
  return [
    {
      name: name!,
      column: mapped(attributes!) ?? name!,
      type: list ? `_${written}` : written,
      isOptional: optional !== undefined,
      isFilledByDatabase: /@default\((dbgenerated|autoincrement)\(/.test(attributes!),
    },
  ];
}

const mapped = (attributes: string): string | undefined => /@map\("([^"]+)"\)/.exec(attributes)?.[1];
