import { applied, type LintedGraph, type LintedSubgraph } from '../linted-graph.js';
import { prismaTables } from './prisma-tables.js';
import type { ProductFacts } from './product-facts.js';
import { tenantTables } from './tenant-tables.js';

/**
 * The types whose objects are a tenant's, each with the reason as the end of a sentence ("they are …"):
 * - rows of a tenant's table: `codegen.json` maps the type to the table's Prisma model, or the model is called like the type;
 * - entities of a product that keeps tenants' rows, unless they are known to be rows of no tenant, or another product's
 *   (mapped to a reference, or a row of a table of no tenant there).
 */
export function ownedTypes(graph: LintedGraph): ReadonlyMap<string, string> {
  const owned = new Map<string, string>();
  const entities = new Map<string, string>();
  const ofNoTenant = new Set<string>();
  for (const [subgraph, types] of objectTypes(graph)) {
    const facts = graph.products.get(subgraph.name);
    if (!facts?.database) continue;
    const { name: schema } = facts.database;
    const tables = tablesOf(facts);
    for (const [type, isKeyed] of types) {
      const mapper = facts.mappers[type];
      const model = mapper === undefined ? type : modelIn(mapper);
      const row = model === null ? undefined : tables.models.get(model);
      if (row?.isTenants) owned.set(type, `rows of the tenants' table "${schema}.${row.table}"`);
      else if (row) ofNoTenant.add(type);
      else if (isKeyed && tables.hasTenants && !isReference(mapper))
        entities.set(type, `entities of "${subgraph.name}", which keeps tenants' rows`);
    }
  }
  for (const [name, reason] of entities) if (!owned.has(name) && !ofNoTenant.has(name)) owned.set(name, reason);
  return owned;
}

interface Tables {
  readonly models: ReadonlyMap<string, { readonly table: string; readonly isTenants: boolean }>;
  readonly hasTenants: boolean;
}

function tablesOf({ database }: ProductFacts): Tables {
  if (!database) return { models: new Map(), hasTenants: false };
  const { migrations, prismaSchema, ofNoTenant } = database;
  const ofTenants = tenantTables(migrations);
  const models = [...prismaTables(prismaSchema ?? '')].map(([model, { table, hasTenant }]) => {
    const isTenants = !ofNoTenant.has(table) && (hasTenant || ofTenants.has(table));
    return [model, { table, isTenants }] as const;
  });
  const hasTenants =
    models.some(([, { isTenants }]) => isTenants) || [...ofTenants].some((table) => !ofNoTenant.has(table));
  return { models: new Map(models), hasTenants };
}

/** Of each subgraph: its object and interface types by name, and whether they have a key there. */
function objectTypes({ parts }: LintedGraph): ReadonlyMap<LintedSubgraph, ReadonlyMap<string, boolean>> {
  const bySubgraph = new Map<LintedSubgraph, Map<string, boolean>>();
  for (const part of parts) {
    if (part.kind !== 'type' || part.root !== null || !('fields' in part.node)) continue;
    let types = bySubgraph.get(part.subgraph);
    if (!types) bySubgraph.set(part.subgraph, (types = new Map()));
    types.set(part.typeName, types.get(part.typeName) === true || applied(part, 'key').length > 0);
  }
  return bySubgraph;
}

/** `./prisma/client.js#Note as NoteRow` is the model `Note`; null for what is no row. */
function modelIn(mapper: string): string | null {
  const [, module = '', model = null] = /^([^#]*)#\s*(\w+)/.exec(mapper) ?? [];
  return module.includes('prisma') ? model : null;
}

const isReference = (mapper: string | undefined): boolean => mapper?.split('#')[1] === 'EntityReference';
