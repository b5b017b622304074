const PUBLICATION = '{ position version { number gitRevision } kind at by forced findings reason }';
const VERSION = '{ number sha256 supergraph subgraphs { name routingUrl schema } createdAt createdBy gitRevision }';
const RECORDED = '{ id operationName document inputs count lastSeen clients { name version plan count } }';

/** What the commands send to a running stack, each with one root field. They work where only listed documents are run. */
export const REGISTRY_DOCUMENTS = {
  currentSchema: `{ currentSchema ${VERSION} }`,
  schemaVersion: `query ($number: Int!) { schemaVersion(number: $number) ${VERSION} }`,
  schemaPublications: `query ($first: Int!, $before: Int) {
    schemaPublications(first: $first, beforePosition: $before) { nodes ${PUBLICATION} } }`,
  publishSchema: `mutation ($input: PublishSchemaInput!) { publishSchema(input: $input) ${PUBLICATION} }`,
  rollbackSchema: `mutation ($input: RollbackSchemaInput!) { rollbackSchema(input: $input) ${PUBLICATION} }`,
  recordedOperations: `query ($days: Int!, $first: Int!, $after: String) {
    recordedOperations(days: $days, first: $first, after: $after) { nodes ${RECORDED} pageInfo { endCursor } } }`,
  recordedSince: '{ recordedOperations(first: 1) { since } }',
  recordedLeftOut: '{ recordedOperations(first: 1) { leftOut } }',
} as const;
