/** What composes, and how findings are told, without the rest: it loads in a fraction of the time the whole takes. */
export type { Finding, Place, Severity } from '../findings/finding.js';
export {
  countFindings,
  FINDING_FORMATS,
  findingsAsData,
  findingsAsGithub,
  findingsAsJunit,
  findingsAsMarkdown,
  findingsAsText,
  tellFindings,
  type FindingFormat,
  type Telling,
} from '../findings/tell-findings.js';
export { counted } from '../findings/counted.js';
export { asJson } from '../findings/as-json.js';
export { withoutControls } from '../findings/telling.js';
export { composeSubgraphs, type ComposedSubgraphs } from './compose-subgraphs.js';
export { quotedText } from './quoted-text.js';
export { MAX_SCHEMA_BYTES, readText } from './read-text.js';
export { readSubgraphs, readSupergraphConfig, schemaFiles, type SubgraphText } from './read-subgraphs.js';
export { SupergraphUnreadable } from './supergraph-unreadable.js';
