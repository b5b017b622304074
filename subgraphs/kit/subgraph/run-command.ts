import type { DeploymentContext, TenantRecord } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { ProductDatabase } from '../database/index.js';
import type { FileStore } from '../files/file-store.js';
import { tenantFiles } from '../files/tenant-files.js';
import { newId } from '../graph/new-id.js';
import { jobContext } from '../jobs/runner/job-context.js';
import { tenantWork } from '../outbox/outbox.js';
import type { CommandRun, ProductCommand } from './define-command.js';
import type { SubgraphDeclaration } from './define-subgraph.js';

export interface CommandResources {
  readonly declaration: SubgraphDeclaration;
  readonly database: ProductDatabase | null;
  readonly files: FileStore;
  readonly tenant: TenantRecord;
  readonly deployment: DeploymentContext;
  readonly print: (line: string) => void;
  readonly log: Logger;
}

/** Nobody waits for the answer but the operator, who ends it with Ctrl-C. */
const NO_DEADLINE = Number.MAX_SAFE_INTEGER;

/** Runs a product's command for one tenant, with what a job of that tenant would get. Throws what the command throws. */
export async function runCommand(
  command: ProductCommand,
  options: CommandRun['options'],
  { declaration, database, files, tenant, deployment, print, log }: CommandResources,
): Promise<void> {
  const { name: product, events = [] } = declaration;
  const context = jobContext(
    { product, tenant, correlationId: newId(), trace: null, deployment, deadline: NO_DEADLINE },
    new AbortController(),
  );
  const opened = (): ProductDatabase => {
    if (!database) throw new Error(`"${product}" declares no database, and its command "${command.name}" uses one.`);
    return database;
  };
  await command.run({
    options,
    get db() {
      return opened().forTenant(tenant.id).db;
    },
    transaction: (work) => opened().transaction(tenant.id, (handle) => work(tenantWork(handle, context, events))),
    files: tenantFiles(files, product, tenant.id),
    print,
    log: log.child({ command: `${product} ${command.name}`, tenant: tenant.id, requestId: context.requestId }),
  });
}
