import { composeServices as composeWithApollo } from '@apollo/composition';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { apiSchemaOf, type SubgraphSource } from '@inevitable/gateway';
import { completeSchemaText } from '@inevitable/kit/host';
import { composeSubgraphs } from '@inevitable/toolchain';
import { composeServices as composeWithGuild } from '@theguild/federation-composition';
import fc from 'fast-check';
import {
  GraphQLError,
  Kind,
  lexicographicSortSchema,
  parse,
  print,
  printSchema,
  visit,
  type ASTNode,
  type DocumentNode,
} from 'graphql';
import { DAMAGED, ODD } from '../../toolchain/test-support/damaged-subgraphs.js';
import { FEDERATION } from '../conformance/graphql-subgraph.js';
import { commonSupergraph, fullSupergraph } from '../conformance/rich-supergraph/rich-supergraph.js';
import { largeSupergraph } from '../support/large-supergraph.js';
import { schemaSources } from './products/stack-products.js';

/**
 * Where the two composers are known to differ, by the code that is told. Federation's reference is
 * `@apollo/composition`, and what it refuses the gateway's planner may rely on: so it decides.
 */
const KNOWN: Readonly<Record<string, string>> = {
  DIRECTIVE_DEFINITION_INVALID: 'the Guild takes any definition of a federation directive',
  TYPE_DEFINITION_INVALID: "the Guild takes any definition of federation's own types",
  INVALID_LINK_DIRECTIVE_USAGE: 'the Guild ignores imports of what does not exist',
  INVALID_LINK_IDENTIFIER: 'the Guild takes a URL without a version',
  LINK_IMPORT_NAME_MISMATCH: 'the Guild does not compare the names of imports',
  EXTERNAL_ARGUMENT_DEFAULT_MISMATCH: 'the Guild does not compare defaults of @external fields',
  EXTERNAL_ON_INTERFACE: 'the Guild lets it pass',
  EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE: 'the Guild lets @provides stand beside @external',
  SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES: 'the Guild does not compare runtime types',
  INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE: 'the Guild lets it pass',
  OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE: 'the Guild lets @override take over what has @requires',
  INCONSISTENT_DEFAULT_VALUE_PRESENCE: 'the Guild keeps the default that only some subgraphs have',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE: 'the Guild keeps a directive that only some subgraphs have',
  INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE: 'the Guild keeps it repeatable',
  DIRECTIVE_COMPOSITION_INFO: 'the Guild refuses @composeDirective of what federation composes anyway',
  DIRECTIVE_COMPOSITION_WARN: 'the Guild wants a directive that is composed to be imported by one name',
  NO_WAY_BACK_TO_QUERY: 'the Guild wants a @key of Query where a mutation answers it; any subgraph can be asked for it',
};

/** What is known of the second composer alone. It gives the same code to much else. */
const ODD_TO_THEM = {
  NO_WAY_BACK_TO_QUERY: { a: 'type Query { a: Int }\ntype Mutation { m: Query }', b: 'type Query { b: Int }' },
};
const codeOfTheirs = ({ message, extensions }: GraphQLError): string =>
  message.includes('because type "Query" has no @key') ? 'NO_WAY_BACK_TO_QUERY' : String(extensions['code']);

/** Their API schema, or null: they do not compose. With the codes of what was told of them. */
interface Verdict {
  readonly api: string | null;
  readonly codes: readonly string[];
}

const apiOf = (sdl: string): string => printSchema(lexicographicSortSchema(apiSchemaOf(sdl)));

/** Of schemas that are complete already. */
function ours(sources: readonly SubgraphSource[]): Verdict {
  const outcome = composeSubgraphs(sources.map((source) => ({ ...source, file: source.name, served: true })));
  const codes = outcome.findings.map(({ code }) => code);
  return { api: outcome.kind === 'composed' ? apiOf(outcome.sdl) : null, codes };
}

const servicesOf = (sources: readonly SubgraphSource[]) =>
  sources.map(({ name, routingUrl: url, sdl }) => ({ name, url, typeDefs: parse(sdl) }));

function theirs(sources: readonly SubgraphSource[]): Verdict {
  const services = parsedOrNull(sources);
  if (!services) return { api: null, codes: ['INVALID_GRAPHQL'] };
  const { supergraphSdl, errors } = composeWithGuild(services);
  const codes = errors?.map(codeOfTheirs) ?? [];
  return { api: codes.length === 0 ? apiOf(supergraphSdl!) : null, codes };
}

/** A damage may leave something empty that GraphQL's syntax does not allow to be. */
function parsedOrNull(sources: readonly SubgraphSource[]) {
  try {
    return servicesOf(sources);
  } catch (error) {
    if (error instanceof GraphQLError) return null;
    throw error;
  }
}

/** Whether both compose to one API schema, or neither composes. */
const agree = (one: Verdict, other: Verdict): boolean => one.api === other.api;

const sourcesOf = (sdls: readonly { readonly name: string; readonly sdl: string }[]): readonly SubgraphSource[] =>
  sdls.map(({ name, sdl }) => ({ name, sdl, routingUrl: `http://${name}.test/graphql` }));
const completed = (sdls: readonly { readonly name: string; readonly sdl: string }[]): readonly SubgraphSource[] =>
  sourcesOf(sdls.map(({ name, sdl }) => ({ name, sdl: completeSchemaText(sdl) })));
const rich = (subgraphs: readonly { readonly name: string; readonly sdl: string }[]): readonly SubgraphSource[] =>
  sourcesOf(subgraphs.map(({ name, sdl }) => ({ name, sdl: FEDERATION + sdl })));

let repository: readonly SubgraphSource[];
beforeAll(async () => void (repository = await schemaSources()));

describe('What composes here', () => {
  it.each<[string, () => readonly SubgraphSource[]]>([
    ["this repository's subgraphs", () => repository],
    ['the subgraphs of the conformance suite', () => rich(commonSupergraph().subgraphs)],
    ['those with @context', () => rich(fullSupergraph().subgraphs)],
    ['generated ones', () => completed(largeSupergraph({ subgraphs: 6, typesEach: 20 }))],
  ])('is what @apollo/composition composes, and has the API schema of a second composer: %s', (_what, subgraphs) => {
    const sources = subgraphs();
    const outcome = composeSubgraphs(sources.map((source) => ({ ...source, file: source.name, served: true })));
    const { supergraphSdl } = composeWithApollo(servicesOf(sources));
    expect(outcome).toMatchObject({ kind: 'composed', sdl: supergraphSdl });
    expect(theirs(sources)).toEqual({ api: apiOf(supergraphSdl!), codes: [] });
  });

  it('is judged alike by both composers whatever is wrong with it, but for the differences that are known', () => {
    const differing = Object.entries({ ...DAMAGED, ...ODD, ...ODD_TO_THEM }).flatMap(([code, sdls]) => {
      const sources = completed(Object.entries(sdls).map(([name, sdl]) => ({ name, sdl })));
      return agree(ours(sources), theirs(sources)) ? [] : [code];
    });
    expect(differing.sort()).toEqual(Object.keys(KNOWN).sort());
  });

  it.each<[string, number, () => readonly SubgraphSource[]]>([
    ["this repository's subgraphs", 4, () => repository],
    ['generated ones', 25, () => completed(largeSupergraph({ subgraphs: 3, typesEach: 14 }))],
  ])('is judged alike after a careless edit: %s', (_what, numRuns, subgraphs) => {
    const whole = subgraphs();
    const documents = whole.map(({ sdl }) => parse(sdl));
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(), fc.nat(11), (subgraph, where, how) => {
        const sdl = print(damaged(documents[subgraph]!, where, how));
        const sources = whole.map((source, index) => (index === subgraph ? { ...source, sdl } : source));
        const [one, other] = [ours(sources), theirs(sources)];
        if (agree(one, other) || [...one.codes, ...other.codes].some((code) => Object.hasOwn(KNOWN, code))) return;
        const told = [one, other].map(({ api, codes }) => (api === null ? codes.join(', ') : 'composed'));
        throw new Error(
          `Ours: ${told[0]}. The Guild's: ${told[1]}. After the edit of ${whole[subgraph]!.name}:\n${sdl}`,
        );
      }),
      // A disagreement that nobody has met yet is news about a library, not about the change that is being tested.
      { numRuns, seed: 1 },
    );
  });
});

const DAMAGEABLE: ReadonlySet<string> = new Set([
  Kind.DIRECTIVE,
  Kind.ENUM_VALUE_DEFINITION,
  Kind.NAMED_TYPE,
  Kind.NON_NULL_TYPE,
  Kind.INPUT_VALUE_DEFINITION,
  Kind.FIELD_DEFINITION,
]);

/** The schema with one thing left out or changed; `where` says of all that can be damaged which, and `how` the damage. */
function damaged(document: DocumentNode, where: number, how: number): DocumentNode {
  const places: ASTNode[] = [];
  visit(document, {
    enter(node) {
      if (DAMAGEABLE.has(node.kind)) places.push(node);
    },
  });
  const chosen = places[where % places.length]!;
  return visit(document, { enter: (node) => (node === chosen ? damage(node, how) : undefined) });
}

function damage(node: ASTNode, how: number): ASTNode | null {
  switch (node.kind) {
    case Kind.NAMED_TYPE:
      return { ...node, name: { ...node.name, value: ['Int', 'String', 'ID', 'Query'][how % 4]! } };
    case Kind.NON_NULL_TYPE:
      return node.type;
    case Kind.INPUT_VALUE_DEFINITION:
      return how % 2 ? null : { ...node, type: { kind: Kind.LIST_TYPE, type: node.type } };
    case Kind.FIELD_DEFINITION: {
      if (how % 4 === 0) return null;
      if (how % 4 === 1) return { ...node, type: { kind: Kind.LIST_TYPE, type: node.type } };
      const name = how % 4 === 2 ? 'external' : 'shareable';
      const added = { kind: Kind.DIRECTIVE, name: { kind: Kind.NAME, value: name } } as const;
      return { ...node, directives: [...(node.directives ?? []), added] };
    }
    default:
      return null; // a directive, a value of an enum
  }
}
