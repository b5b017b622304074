import type { Feature, Permission } from '@inevitable/contract';
import type { DatabaseDeclaration, PrismaClientLike } from '../database/index.js';
import { BadEventName, productOf, type EventDefinition } from '../events/define-event.js';
import { BadJob, type JobDefinition } from '../jobs/define-job.js';
import type { ProductCommand } from './define-command.js';
import type { TenantData } from '../tenant-data/tenant-data.js';
import type { RouteContext } from './product-context.js';

/** `METHOD /path` as the client sees it; `:name` matches one segment. */
export type RoutePattern = `${'GET' | 'POST' | 'PUT' | 'DELETE'} /${string}`;
/** A product's HTTP route (Fetch API), so that it does not know the server. */
export type RouteHandler<Client extends PrismaClientLike = PrismaClientLike> = RouteOf<Client>['handle'];
/** As a method, so that a product's handlers may name their own Prisma client, as its jobs do. */
interface RouteOf<Client extends PrismaClientLike> {
  handle(
    request: Request,
    context: RouteContext<Client>,
    params: Readonly<Record<string, string>>,
  ): Response | Promise<Response>;
}

export interface SubgraphDeclaration<Client extends PrismaClientLike = PrismaClientLike> {
  /** The name in supergraph.yaml, the schema in the database, the audience of context tokens. */
  readonly name: string;
  /** The team that answers for it. */
  readonly owner: string;
  /** The product's GraphQL schema; what it shares with others comes from the kit. */
  readonly schema: URL;
  /** Resolvers with the standard signature `(parent, args, context, info)`. */
  readonly resolvers: object;
  /** What a role can be given; the last segment is the verb (`read`, `write`, `admin`). */
  readonly permissions?: readonly Permission[];
  /**
   * What plans include of this product: `{ '<product>.<feature>': { free: …, pro: … } }`. Core-identity takes over what it
   * does not have yet, for the plans it knows; what operators changed there stays.
   */
  readonly features?: Readonly<Record<string, Readonly<Record<string, Feature>>>>;
  /** Open to the anonymous: `Type.field`, or `Type.*`. Everything else is denied to them. */
  readonly publicFields?: readonly string[];
  readonly jobs?: readonly JobDefinition[];
  /** All that the product publishes, named with its own name in front. */
  readonly events?: readonly EventDefinition[];
  readonly routes?: Readonly<Partial<Record<RoutePattern, RouteHandler>>>;
  /** Those of `routes` that answer without a gateway in front, to anybody: published keys, and little else. */
  readonly openRoutes?: readonly RoutePattern[];
  /** What operators run as `stack <product> <command>`. */
  readonly commands?: readonly ProductCommand[];
  readonly database?: DatabaseDeclaration<Client>;
  /**
   * What becomes of its tenants' rows when a tenant, or a person, takes them along or goes: every tenant table has a line.
   * Core-identity, whose rows go last, does it itself.
   */
  readonly tenantData?: TenantData | 'itself';
  /**
   * Unless told, each root mutation field leaves a record for the audit, in its own transaction. Core-identity, which keeps
   * the audit, writes its own, with reasons that no answer says.
   */
  readonly audits?: 'itself';
}

/** A feature its product cannot declare; the message names it. */
export class BadFeature extends Error {}
/** A table's `tenantData` that cannot be followed; the message names it. */
export class BadTenantData extends Error {}

/**
 * A subgraph is one declaration: the product's table of contents. Throws `BadEventName`, `BadJob` and `BadFeature` for those
 * of another product, and `BadTenantData`.
 */
export function defineSubgraph<Client extends PrismaClientLike>(
  declaration: SubgraphDeclaration<Client>,
): SubgraphDeclaration<Client> {
  const { name: product, events = [], features = {}, jobs = [], tenantData = {} } = declaration;
  for (const { name } of events) {
    if (productOf(name) !== product)
      throw new BadEventName(`"${name}" is declared by "${product}": its name must begin with "${product}.".`);
  }
  for (const name of Object.keys(features)) {
    if (!name.startsWith(`${product}.`))
      throw new BadFeature(`Feature "${name}" is declared by "${product}": its name must begin with "${product}.".`);
    for (const [plan, feature] of Object.entries(features[name]!))
      if (feature.kind === 'metered' && !(Number.isSafeInteger(feature.limit) && feature.limit >= 0))
        throw new BadFeature(
          `Feature "${name}" is limited to ${feature.limit} in the plan "${plan}": that is no whole number from 0.`,
        );
  }
  for (const { name } of jobs) {
    if (!name.startsWith(`${product}.`))
      throw new BadJob(`Job "${name}" is declared by "${product}": its name must begin with "${product}.".`);
    if (jobs.filter((job) => job.name === name).length > 1)
      throw new BadJob(`"${product}" declares two jobs "${name}".`);
  }
  for (const [table, data] of Object.entries(tenantData === 'itself' ? {} : tenantData))
    if (data.goesWithPerson && data.personColumn === undefined)
      throw new BadTenantData(
        `Rows of "${table}" go with their person, and "${product}" does not say whose they are: name the personColumn.`,
      );
  if (!jobs.length) return Object.freeze(declaration);
  return Object.freeze({ ...declaration, permissions: [...(declaration.permissions ?? []), jobsPermission(product)] });
}

/** Declared for every product with jobs: whose role has it sees and steers the jobs of its own tenant. */
export const jobsPermission = (product: string): Permission => `${product}:jobs:admin`;
