export * from './compose/index.js';
export { withoutControls } from './findings/telling.js';
export { graphqlRegistry, RegistryUnavailable } from './registry/graphql-registry.js';
export {
  checkCandidate,
  type CheckedSupergraph,
  type CheckInput,
  type PlanRegressionSeverity,
} from './check/check-candidate.js';
export type * from './check/check-report.js';
export { OperationsUnreadable, writtenOperations, type WrittenOperation } from './check/operations-in-texts.js';
export { readOperationFiles, readOperationTexts } from './check/read-operation-files.js';
export { documentManifest, type DocumentManifest } from './documents/document-manifest.js';
export { reportAsData } from './check/report-as-data.js';
export { reportAsText } from './check/report-as-text.js';
export type { KnownOperation, OperationClient } from './check/known-operation.js';
export type { CheckedSubgraph } from './check/definition-places.js';
export { lintSchemas, UnknownToLint, type LintInput } from './lint/lint-schemas.js';
export { RULES } from './lint/rules/rules.js';
export type { LintRule } from './lint/lint-rule.js';
export type { ProductFacts } from './lint/leak/product-facts.js';
export {
  compareVersions,
  type ApiChange,
  type ComparedVersion,
  type SubgraphChange,
  type VersionComparison,
} from './registry/compare-versions.js';
export { comparisonAsText } from './registry/comparison-as-text.js';
export { historyAsText } from './registry/history-as-text.js';
export { routingFindings } from './registry/routing-findings.js';
export { unifiedDiff } from './registry/unified-diff.js';
export { explainOperation, NoSuchOperation, type Explained, type Explanation } from './explain/explain-operation.js';
export { explanationAsText } from './explain/explanation-as-text.js';
