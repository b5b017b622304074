import type { HealthReport, JobsOverview } from '@inevitable/contract';
import { defineSubgraph, type DeclaredEvent, type SubgraphDeclaration } from '@inevitable/kit';
import { stackStatus } from './resolvers/stack-status.js';

/** Where operations gets what it shows. */
export interface OperationsSources {
  health(): Promise<HealthReport>;
  jobs(): Promise<JobsOverview>;
  /** What the products declare, as `declaredEvents` lists it. */
  readonly events: readonly DeclaredEvent[];
}

/** The operator's subgraph. It holds no rows of its own. */
export const operationsSubgraph = (sources: OperationsSources): SubgraphDeclaration =>
  defineSubgraph({
    name: 'operations',
    owner: 'team-platform',
    schema: new URL('./schema.graphql', import.meta.url),
    resolvers: {
      Query: { stackStatus: stackStatus(sources) },
      FailedJob: { failedAt: ({ failedAt }: { failedAt: string }) => new Date(failedAt) },
    },
  });
