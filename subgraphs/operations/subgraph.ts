import type { HealthReport } from '@inevitable/contract';
import { defineSubgraph, type DeclaredEvent, type JobDefinition, type SubgraphDeclaration } from '@inevitable/kit';
import type { JobDesk } from '@inevitable/kit/host';
import { operationsDatabase } from './database.js';
import { operationsEvents } from './events/operations-events.js';
import { operationsJobs } from './jobs/operations-jobs.js';
import type { Upkeep } from './jobs/upkeep.js';
import { serveJobsPage } from './jobs-page/serve-jobs-page.js';
import { resolversOf } from './resolvers/resolvers.js';

/** Where operations gets what it shows. */
export interface OperationsSources {
  health(): Promise<HealthReport>;
  /** Of the supergraph, by name. */
  readonly subgraphs: readonly string[];
  /** The job store, seen and steered. */
  readonly desk: JobDesk;
  /** The jobs whose code is here: what is run by hand is checked with their payload. */
  readonly jobs: readonly JobDefinition[];
  /** What the products declare, as `declaredEvents` lists it. */
  readonly events: readonly DeclaredEvent[];
  /** What its own jobs work with, and its mutations write; read when one of them runs, not before. */
  readonly upkeep: Upkeep;
}

/** The operator's subgraph. */
export const operationsSubgraph = (sources: OperationsSources): SubgraphDeclaration =>
  defineSubgraph({
    name: 'operations',
    owner: 'team-platform',
    schema: new URL('./schema.graphql', import.meta.url),
    resolvers: resolversOf(sources),
    jobs: operationsJobs(sources),
    events: operationsEvents,
    database: operationsDatabase,
    routes: { 'GET /admin/jobs': serveJobsPage },
    // The page holds no data: what it shows it asks for with the token of whoever signs in there.
    openRoutes: ['GET /admin/jobs'],
  });
