/** A model of a Prisma schema. */
export interface PrismaTable {
  readonly table: string;
  /** It has a column `tenant_id`. */
  readonly hasTenant: boolean;
}

/** The table behind each model of a Prisma schema, by the model's name. */
export function prismaTables(schema: string): ReadonlyMap<string, PrismaTable> {
  return new Map(
    [...schema.matchAll(/^model\s+(\w+)\s*\{([\s\S]*?)^\}/gm)].map(([, model, body]) => {
      const lines = body!.replace(/\/\/[^\n]*/g, '');
      return [
        model!,
        {
          table: /@@map\(\s*"([^"]+)"\s*\)/.exec(lines)?.[1] ?? model!,
          hasTenant: /@map\(\s*"tenant_id"\s*\)/.test(lines) || /^\s*tenant_id\s/m.test(lines),
        },
      ];
    }),
  );
}
