import type { TenantId, TenantsPort } from '@inevitable/contract';
import { defineSubgraph, type JobDefinition } from '@inevitable/kit';
import { inProcessBus, startWorker, type Worker } from '@inevitable/kit/host';
import starter from '@inevitable/starter';
import { pino, type Logger } from 'pino';

export interface JobWorkerOptions {
  /** Of the runner's role. */
  readonly url: string;
  readonly jobs: readonly JobDefinition<never, never>[];
  /** Of these and no others there are active ones. */
  readonly tenants?: readonly string[];
  readonly tenantsPort?: TenantsPort;
  readonly log?: Logger;
}

/** A real worker in this process, of a product that has jobs and nothing else. */
export function startJobWorker({
  url,
  jobs,
  tenants = [],
  tenantsPort = activeTenants(tenants),
  log = pino({ level: 'silent' }),
}: JobWorkerOptions): Promise<Worker> {
  return startWorker({
    products: [{ declaration: defineSubgraph({ ...starter, jobs: jobs as never }), database: null, systemUrl: null }],
    jobStoreUrl: url,
    tenants: tenantsPort,
    entitlements: null as never,
    audit: null as never, // there is no outbox
    deployment: 'internal',
    events: inProcessBus(() => undefined),
    log,
  });
}

/** Every tenant that is asked for is active; listed are these, two on a page. */
export const activeTenants = (tenants: readonly string[]): TenantsPort => ({
  find: (id) => Promise.resolve({ id, slug: id, name: id, plan: 'free', entitlementsDigest: '', status: 'active' }),
  active: (after) =>
    Promise.resolve(
      tenants
        .filter((id) => after === null || id > after)
        .toSorted()
        .slice(0, 2) as TenantId[],
    ),
});

/** A log whose lines a test can read. */
export function readableLog(): {
  readonly log: Logger;
  readonly lines: () => readonly { readonly level: number; readonly msg: string }[];
} {
  const written: string[] = [];
  return {
    log: pino({ level: 'info' }, { write: (line: string) => void written.push(line) }),
    lines: () => written.map((line) => JSON.parse(line) as { level: number; msg: string }),
  };
}
