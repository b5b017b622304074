import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { findLeaks, type LeakGraph, type LeakType } from './find-leaks.js';
import { prismaTables } from './prisma-tables.js';
import { tenantTables } from './tenant-tables.js';

const NAMES = ['Query', 'Mutation', 'A', 'B', 'C', 'D', 'E', 'F'];

const anyGraph: fc.Arbitrary<LeakGraph> = fc.record({
  types: fc
    .tuple(
      ...NAMES.map((name) =>
        fc.record({
          fields: fc
            .array(fc.record({ returns: fc.constantFrom(...NAMES.slice(2), 'String'), isPublic: fc.boolean() }), {
              maxLength: 3,
            })
            .map((fields) => new Map(fields.map((field, at) => [`f${at}`, field]))),
          possible: name.length === 1 ? fc.subarray(NAMES.slice(2), { maxLength: 2 }) : fc.constant([]),
        }),
      ),
    )
    .map((types): ReadonlyMap<string, LeakType> => new Map(types.map((type, at) => [NAMES[at]!, type]))),
  roots: fc.constant(['Query', 'Mutation']),
  owned: fc.subarray(NAMES.slice(2)).map((names) => new Set(names)),
});

/** As slow and as plain as can be: what is shown grows until it does not any more. */
function shown({ types }: LeakGraph): ReadonlySet<string> {
  const opened = [...types].filter(([, { fields }]) => [...fields.values()].some(({ isPublic }) => isPublic));
  const found = new Set(opened.map(([name]) => name));
  for (const [, { fields }] of opened)
    for (const { returns, isPublic } of fields.values())
      if (isPublic) for (const name of [returns, ...(types.get(returns)?.possible ?? [])]) found.add(name);
  return found;
}

describe('A leak', () => {
  it('is found where a way exists, and nowhere else', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        const expected = [...shown(graph)].filter((name) => graph.owned.has(name));
        expect([...findLeaks(graph).keys()].sort()).toEqual(expected.sort());
      }),
      { numRuns: 300 },
    );
  });

  it('is told with a way that anybody can go', () => {
    fc.assert(
      fc.property(anyGraph, (graph) => {
        for (const [owned, way] of findLeaks(graph)) {
          let at: ReadonlySet<string> | null = null; // anywhere: another subgraph may lead to where the way begins
          for (const coordinate of way) {
            const [type, field] = coordinate.split('.') as [string, string];
            expect(at === null || at.has(type)).toBe(true);
            const { returns, isPublic } = graph.types.get(type)!.fields.get(field)!;
            expect(isPublic).toBe(true);
            at = new Set([returns, ...(graph.types.get(returns)?.possible ?? [])]);
          }
          const isOwnField = way.length === 1 && way[0]!.startsWith(`${owned}.`);
          expect(at!.has(owned) || isOwnField).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('is told by the shortest way from a root, where there is one', () => {
    const field = (returns: string, isPublic = true) => ({ returns, isPublic });
    const types = new Map<string, LeakType>([
      [
        'Query',
        {
          fields: new Map([
            ['a', field('A')],
            ['hidden', field('Note', false)],
          ]),
          possible: [],
        },
      ],
      [
        'A',
        {
          fields: new Map([
            ['b', field('B')],
            ['any', field('Any')],
          ]),
          possible: [],
        },
      ],
      ['B', { fields: new Map([['note', field('Note')]]), possible: [] }],
      ['Any', { fields: new Map(), possible: ['Note', 'B'] }],
      ['Note', { fields: new Map([['text', field('String')]]), possible: [] }],
    ]);
    const graph = { types, roots: ['Query'], owned: new Set(['Note']) };
    expect([...findLeaks(graph)]).toEqual([['Note', ['Query.a', 'A.any']]]);
    const apart = { ...graph, types: new Map([...types].filter(([name]) => name === 'Note')) };
    expect([...findLeaks(apart)]).toEqual([['Note', ['Note.text']]]);
  });
});

describe('The tables of tenants', () => {
  it('are those with a tenant_id and those that are protected, in whatever way that is written', () => {
    const migrations = [
      `CREATE TABLE notes (
         tenant_id uuid NOT NULL DEFAULT current_tenant(), -- the tenant; never another
         id uuid, PRIMARY KEY (tenant_id, id), CHECK (length(text) > 0));
       create table if not exists "billing"."invoices" ("id" uuid, "tenant_id" uuid not null);
       CREATE TABLE plans (id uuid, note text DEFAULT 'tenant_id uuid');
       -- CREATE TABLE old (tenant_id uuid);
       /* SELECT protect_tenant_table('older'); */
       CREATE TABLE tenants (id uuid PRIMARY KEY);`,
      `SELECT protect_tenant_table('tenants', 'id');
       ALTER TABLE ONLY late ADD COLUMN IF NOT EXISTS tenant_id uuid;
       ALTER TABLE plans ADD COLUMN label text;`,
    ];
    expect([...tenantTables(migrations)].sort()).toEqual(['invoices', 'late', 'notes', 'tenants']);
  });

  it('are found behind Prisma models', () => {
    const schema = `model Note {
  tenantId String @map("tenant_id") // the tenant
  @@map("notes")
}
model Plan {
  id String // @map("tenant_id")
}
`;
    expect([...prismaTables(schema)]).toEqual([
      ['Note', { table: 'notes', hasTenant: true }],
      ['Plan', { table: 'Plan', hasTenant: false }],
    ]);
  });
});
