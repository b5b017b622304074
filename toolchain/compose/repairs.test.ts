import { HINTS } from '@apollo/composition/dist/hints.js';
import { ERRORS } from '@apollo/federation-internals';
import { describe, expect, it } from '@jest/globals';
import { DAMAGED, ODD } from '../test-support/damaged-subgraphs.js';
import { composeSubgraphs } from './compose-subgraphs.js';
import { REPAIRED_CODES, repairOf } from './repairs.js';

/** Codes the composer has and no repair is told for, with the reason. */
const WITHOUT_REPAIR: Readonly<Record<string, string>> = {
  UNSUPPORTED_LINKED_FEATURE: 'is of reading a supergraph, not of composing one',
  INVALID_FEDERATION_SUPERGRAPH: 'is of reading a supergraph, not of composing one',
  DOWNSTREAM_SERVICE_ERROR: 'is of answering a query',
  UNKNOWN_LINK_VERSION: 'is told as INVALID_LINK_DIRECTIVE_USAGE: what links @link is there already',
  DISALLOWED_INACCESSIBLE: 'is of types and directives that composing leaves out, or builds anew',
  UNSUPPORTED_FEATURE: 'is raised nowhere in the library any more',
  TYPE_WITH_ONLY_UNUSED_EXTERNAL: 'is of federation 1: a schema without @link gets that of federation 2',
  IMPLICITLY_UPGRADED_FEDERATION_VERSION: 'needs nothing: its message says what was done',
  MAX_VALIDATION_SUBGRAPH_PATHS_EXCEEDED: 'is of a million ways through many subgraphs: no single schema is to blame',
  INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_REPEATABLE: 'is of directives that no client sees',
  INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_LOCATIONS: 'is of directives that no client sees',
};

/** What is no place in any file: nothing, a subgraph's name, or the names of imports. */
const WITHOUT_LINE = new Set([
  'NO_QUERIES',
  'INVALID_SUBGRAPH_NAME',
  'INVALID_LINK_IDENTIFIER',
  'TYPE_DEFINITION_INVALID',
  'LINK_IMPORT_NAME_MISMATCH',
  'DIRECTIVE_COMPOSITION_ERROR',
]);

const outcomeOf = (subgraphs: Readonly<Record<string, string>>) =>
  composeSubgraphs(
    Object.entries(subgraphs).map(([name, sdl]) => ({
      name,
      sdl,
      file: `/${name}.graphql`,
      routingUrl: `http://${name}.test/graphql`,
      served: false,
    })),
  );

describe('What the composer says', () => {
  it.each([
    ...Object.entries(DAMAGED).map(([code, subgraphs]) => [code, 'failed', subgraphs] as const),
    ...Object.entries(ODD).map(([code, subgraphs]) => [code, 'composed', subgraphs] as const),
  ])('is told with its place and what to do about it: %s', (code, kind, subgraphs) => {
    const outcome = outcomeOf(subgraphs);
    expect(outcome.kind).toBe(kind);
    const finding = outcome.findings.find((one) => one.code === code);
    expect(finding).toMatchObject({
      severity: kind === 'failed' ? 'error' : expect.stringMatching(/^(warning|hint)$/),
      message: expect.any(String),
      repair: repairOf(code),
      ...(code !== 'NO_QUERIES' && { subgraph: expect.any(String), place: { file: expect.any(String) } }),
      ...(!WITHOUT_LINE.has(code) && { place: { line: expect.any(Number), column: expect.any(Number) } }),
    });
    expect(finding!.repair).toMatch(/\.$/);
  });

  it('has a repair that was seen, or a reason to have none, for every code the composer knows', () => {
    const codes = [...Object.values(ERRORS), ...Object.values(HINTS)].map(({ code }) => code);
    const known = [...new Set(codes)].sort();
    expect([...REPAIRED_CODES, ...Object.keys(WITHOUT_REPAIR)].sort()).toEqual(known);
    expect([...new Set([...Object.keys(DAMAGED), ...Object.keys(ODD)])].sort()).toEqual([...REPAIRED_CODES].sort());
  });
});
