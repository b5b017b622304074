export { SupergraphGateway, type SupergraphGatewayOptions } from './apollo-server/supergraph-gateway.js';
export type { SupergraphSource } from './apollo-server/supergraph-source.js';
export { fieldRequirements } from './authorization/field-requirements.js';
export { readRequirements } from './authorization/read-requirements.js';
export type { AnyOf, Requirement, RequirementsByCoordinate } from './authorization/requirement.js';
export { schemaLinks, type SchemaLink } from './authorization/schema-links.js';
export { UnreadableAccessControl } from './authorization/unreadable-access-control.js';
export { keepRunning, type Repetition } from './background/keep-running.js';
export type { ConsoleProblem } from './console/console-problem.js';
export type { ConsoleOptions } from './console/serve-console.js';
export { loadSupergraphEngine, type EngineOptions } from './engine/load-supergraph-engine.js';
export type { SupergraphEngine, EngineOperation } from './engine/supergraph-engine.js';
export * from './extensions/gateway-extension.js';
export type { RequestOutcome, RequestSeen } from './extensions/request-seen.js';
export { supergraphFile, SupergraphFileUnusable } from './supergraph/supergraph-file.js';
export { requestLog, type RequestLogMode } from './observation/request-line.js';
export { gatewayGauges } from './observation/metrics/gateway-gauges.js';
export { requestMetrics } from './observation/metrics/request-metrics.js';
export type { GatewayMeasured } from './observation/gateway-measured.js';
export { traceRequests, type RecordSpan, type SpanMade } from './observation/trace-requests.js';
export { countTraffic, type TrafficCounter } from './observation/traffic/count-traffic.js';
export { conditionValues, conditionVariables } from './executor/client-operation.js';
export type { FetchMade } from './executor/run-plan.js';
export type { IntrospectionPolicy } from './limits/introspection.js';
export type { Limits } from './limits/limits-settings.js';
export { ASSUMED_LIST_SIZE, operationCosts, type CostOperation, type OperationCost } from './limits/operation-cost.js';
export { readCosts, type DeclaredCosts, type ListSize } from './limits/read-costs.js';
export {
  PlanningFailed,
  PlanningTimedOut,
  UnusableSupergraph,
  type PlannedDocument,
  type Planner,
  type PlanRequest,
} from './planner/planner.js';
export { startPlannerThreads, type PlannerThreads, type PlannerThreadsOptions } from './planner/planner-threads.js';
export type * from './planner/query-plan.js';
export { undeferred } from './planner/undeferred.js';
export type { CorsRule } from './routing/cors.js';
export type { CertificateFiles } from './routing/own-certificate.js';
export { protectionKey, type ProtectionSettings } from './protection/protection-settings.js';
export type { Counters } from './protection/rate-limits/counters.js';
export { memoryCounters } from './protection/rate-limits/memory-counters.js';
export type { RateLimitsOptions } from './protection/rate-limits/rate-limiter.js';
export type { SamplesTrace, TraceContext } from './routing/trace-context.js';
export type { ProductRouting } from './routing/product-routes.js';
export type { TrustedDocumentsOptions } from './documents/trusted-documents.js';
export { startGateway, type GatewayOptions, type RunningGateway } from './start-gateway.js';
export * from './supergraph/index.js';
export type { ContextTokens } from './transports/context-tokens.js';
export { HttpSubgraph, httpSubgraph, type HttpSubgraphOptions } from './transports/http-subgraph.js';
export { recordUsage, type UsageOptions, type UsageRecorder } from './usage/record-usage.js';
