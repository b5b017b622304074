import {
  NotEntitled,
  QuotaExceeded,
  Unauthenticated,
  type DeploymentContext,
  type EntitlementsPort,
  type EventBus,
  type FeatureUsage,
  type RequestContext,
  type Reservation,
  type ReservationsRequest,
  type SecurityEventSink,
  type TenantId,
  requestInLog,
} from '@inevitable/contract';
import type { Logger } from 'pino';
import type { PrismaClientLike, ProductDatabase, TenantClient, TenantHandle } from '../database/index.js';
import type { EventDefinition, EventName } from '../events/define-event.js';
import { subscribeTenant, type TenantEvents } from '../events/tenant-events.js';
import type { FileStore } from '../files/file-store.js';
import { tenantFiles, type TenantFiles } from '../files/tenant-files.js';
import type { JobDefinition } from '../jobs/define-job.js';
import type { ProductObserver } from '../observation/product-metrics.js';
import { readingOnly } from '../outbox/outbox.js';
import type { DenialsTeller } from '../security/tell-denials.js';

export interface EventToPublish<Payload = unknown> {
  /** Events of one aggregate arrive in order; usually its id. */
  readonly aggregate: string;
  readonly payload: Payload;
}

export interface EnqueueOptions {
  /** Not before; now unless told. */
  readonly runAt?: Date;
  /** Jobs of one aggregate are handed over in order; the record's own unless told. */
  readonly aggregate?: string;
  /** Among the tenant's own jobs; `normal` unless told. */
  readonly priority?: 'low' | 'normal' | 'high';
  /** Ids of jobs of this product that must have succeeded first. Where one of them is given up, so is this one,
   * and where `once` dropped it: then there is no job of that id.
   */
  readonly after?: readonly string[];
}

/** Written to the product's outbox in the transaction of the rows it speaks of: no row without it, and not it without the row. */
export interface TenantWork<Client = unknown> {
  /** A Prisma client bound to the tenant by the database itself. */
  readonly db: TenantClient<Client>;
  readonly events: {
    /** Throws `OutboxRefused` when the product does not declare the event, or the payload does not fit. */
    publish<Payload>(event: EventDefinition<EventName, Payload>, content: EventToPublish<Payload>): Promise<void>;
  };
  readonly jobs: {
    /**
     * Answers the record's id, which is the job's key. Where the job declares `once` and an open one has the same key,
     * the record is dropped later. Throws `OutboxRefused` when the payload does not fit.
     */
    enqueue<Payload>(job: JobDefinition<Payload, never>, payload: Payload, options?: EnqueueOptions): Promise<string>;
  };
}

/** The caller's own metered features and plan. */
export interface TenantEntitlements {
  /** True when the plan has it: a boolean that is on, any static, a metered limit above 0. */
  includes(feature: string): Promise<boolean>;
  /** Answers the reservation's id. Throws `NotEntitled` or `QuotaExceeded`. */
  reserve(feature: string, amount: number, idempotencyKey: string): Promise<string>;
  commit(reservationId: string, actual: number): Promise<boolean>;
  release(reservationId: string): Promise<boolean>;
  /** null: the tenant's plan does not meter this feature. */
  usage(feature: string): Promise<FeatureUsage | null>;
  /**
   * The ledger of the period that runs and of the one before, in the order of ids, 500 at most; `after` the last id of the
   * page before. Throws `BadUserInput` for more than 500 `ids`.
   */
  reservations(feature: string, which?: ReservationsWanted): Promise<readonly Reservation[]>;
}

/** All of them, from the beginning, unless told. */
export type ReservationsWanted = Partial<Pick<ReservationsRequest, 'ids' | 'state' | 'after'>>;

/** What every resolver gets as its third argument. Inside a root mutation field `db`, `events` and `jobs` share one transaction. */
export interface ProductContext<Client = PrismaClientLike> extends RequestContext, TenantWork<Client> {
  readonly events: TenantWork['events'] & TenantEvents;
  /**
   * The same rows, each statement alone: for what a mutation reads before it asks elsewhere (the quota), because its own
   * `db` holds a connection from the first statement on.
   */
  readonly reading: TenantClient<Client>;
  readonly entitlements: TenantEntitlements;
  /** The tenant's files of this product. They are in no transaction: write the file first, then the row that names it. */
  readonly files: TenantFiles;
  /** Where clients reach the stack, without a slash at its end: for absolute URLs. */
  readonly publicUrl: string;
  readonly log: Logger;
  /**
   * Gives back what a root mutation field took elsewhere, such as a reservation, once its transaction is rolled back: not
   * within it, because a call elsewhere must not hold a connection. The answer waits for it. Throws outside of a mutation.
   */
  onRollback(giveBack: () => Promise<unknown>): void;
  /** This context with `work` in place of its own `db`, `events` and `jobs`. For the kit. */
  within(work: TenantWork<Client>, onRollback: ProductContext['onRollback']): ProductContext<Client>;
}

/** What a route's handler gets: a route decides itself what belongs together. */
export interface RouteContext<Client = PrismaClientLike> extends ProductContext<Client> {
  /** Rows, events and jobs that belong together: committed when `work` returns, rolled back when it throws. */
  transaction<T>(work: (scope: TenantWork<Client>) => Promise<T>): Promise<T>;
}

export interface ProductResources {
  readonly database: ProductDatabase | null;
  /** Absent: this process serves no product that keeps files. */
  readonly files?: FileStore | undefined;
  /** Absent: nothing here names a URL of the stack. Asked for when it is used: apart, identity tells it after the start. */
  readonly publicUrl?: (() => string) | undefined;
  /** In place of the request's own: a product may be deployed for customers where the stack is not, and the other way round. */
  readonly deployment?: DeploymentContext | undefined;
  readonly entitlements: EntitlementsPort;
  /** Where subscriptions hear events; null: none reach this process. */
  readonly events: EventBus | null;
  /** What callers are denied is counted there; lines in the log alone unless told. */
  readonly securityEvent?: SecurityEventSink | undefined;
  /** Told of what is answered here; nobody is unless given. */
  readonly observer?: ProductObserver | undefined;
  readonly log: Logger;
}

/** What a hosted product's contexts are built from. */
export interface HostedResources extends ProductResources {
  readonly product: string;
  readonly tellDenials: DenialsTeller;
}

/** What the getters of a context give, each opened when somebody asks for it. An own property: copies have it as well. */
const LENT = Symbol('lent');
interface Lent {
  openDb(): TenantClient<PrismaClientLike>;
  openFiles(): TenantFiles;
  publicUrl(): string;
}
interface Lending {
  readonly [LENT]: Lent;
}

// Getters of the prototypes: most operations ask for none of these, and Apollo Server copies the context's own properties
// for each operation and would call a getter among them. The same for all contexts: getters of their own would be hidden
// classes of their own, which keep what they hold in memory (`contextOf`).
const PLACES = Object.defineProperties({} as Pick<ProductContext, 'reading' | 'files' | 'publicUrl'>, {
  reading: {
    get(this: Lending) {
      return this[LENT].openDb();
    },
  },
  files: {
    get(this: Lending) {
      return this[LENT].openFiles();
    },
  },
  publicUrl: {
    get(this: Lending) {
      return this[LENT].publicUrl();
    },
  },
});
const READABLE = Object.create(PLACES, {
  db: {
    get(this: Lending) {
      return this[LENT].openDb();
    },
  },
}) as typeof PLACES & Pick<ProductContext, 'db'>;

/** Built once per operation, and once per event of a subscription. `lastEventId`: where a subscription goes on. */
export function productContext(
  request: RequestContext,
  { product, database, entitlements, events, files, publicUrl, deployment = request.deployment, log }: HostedResources,
  lastEventId?: string,
): ProductContext {
  const tenantId = request.tenant?.id ?? null;
  let handle: TenantHandle<PrismaClientLike> | null = null;
  const openDb = (): TenantClient<PrismaClientLike> => {
    if (!database) throw new Error('This subgraph declares no database.');
    return (handle ??= database.forTenant(tenantId)).db;
  };
  const shared = {
    ...request,
    deployment,
    entitlements: tenantEntitlements(tenantId, entitlements),
    log: log.child({ ...requestInLog(request), tenant: tenantId }),
  };
  const subscribe: TenantEvents['subscribe'] = (definitions, { filter } = {}) =>
    subscribeTenant('name' in definitions ? [definitions] : definitions, filter, {
      tenantId,
      signal: request.signal,
      lastEventId,
      bus: events,
      log: shared.log,
    });
  const lent: Lent = {
    openDb,
    openFiles: () => tenantFiles(required(files, 'file store'), product, tenantId),
    publicUrl: () => required(publicUrl, 'public URL')(),
  };
  const within: ProductContext['within'] = (work, onRollback) =>
    Object.freeze(
      Object.assign(Object.create(PLACES) as typeof PLACES, shared, {
        [LENT]: lent,
        ...work,
        events: { ...work.events, subscribe },
        onRollback,
        within,
      }),
    );
  return Object.freeze(
    Object.assign(Object.create(READABLE) as typeof READABLE, shared, {
      [LENT]: lent,
      events: { ...readingOnly.events, subscribe },
      jobs: readingOnly.jobs,
      onRollback: noTransaction,
      within,
    }),
  );
}

function noTransaction(): never {
  throw new Error('Only a root mutation field has a transaction that could be rolled back.');
}

/** What this process was not given: a fault of the deployment's wiring, never of a caller. */
function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`This process hosts its products without a ${what}.`);
  return value;
}

/** Throws `Unauthenticated` when used without a tenant. */
export function tenantEntitlements(tenantId: TenantId | null, port: EntitlementsPort): TenantEntitlements {
  const tenant = (): TenantId => {
    if (!tenantId) throw new Unauthenticated();
    return tenantId;
  };
  return {
    async includes(name) {
      const feature = (await port.describe(tenant())).features[name];
      if (!feature) return false;
      if (feature.kind === 'boolean') return feature.enabled;
      return feature.kind === 'static' || feature.limit > 0;
    },
    async reserve(feature, amount, idempotencyKey) {
      const outcome = await port.reserve({ tenantId: tenant(), feature, amount, idempotencyKey });
      if (outcome.kind === 'reserved') return outcome.reservationId;
      if (outcome.kind === 'notEntitled') throw new NotEntitled(feature);
      throw new QuotaExceeded(feature, outcome.limit, new Date(outcome.resetsAt));
    },
    commit: async (reservationId, actual) => port.commit(tenant(), reservationId, actual),
    release: async (reservationId) => port.release(tenant(), reservationId),
    usage: async (feature) => port.usage(tenant(), feature),
    reservations: async (feature, { ids, state, after = null } = {}) =>
      port.reservations({ tenantId: tenant(), feature, ids, state, after }),
  };
}
