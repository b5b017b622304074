import { describe, expect, it } from '@jest/globals';
import { composeSupergraph } from './compose-supergraph.js';
import { NotASupergraph, readJoinGraphs } from './join-graph.js';

const complaint = (sdl: string): string => {
  try {
    readJoinGraphs(sdl);
  } catch (error) {
    expect(error).toBeInstanceOf(NotASupergraph);
    return (error as Error).message;
  }
  return 'accepted';
};

describe('The subgraphs of a supergraph', () => {
  it('are told by its SDL, with the names and URLs they were composed with', () => {
    const composition = composeSupergraph([
      { name: 'with-dash', sdl: 'type Query { one: Int }', routingUrl: 'http://one.test:4001/graphql?tenant=1' },
      { name: 'nowhere', sdl: 'type Query { two: Int }', routingUrl: '' },
    ]);
    expect(readJoinGraphs(composition.kind === 'composed' ? composition.sdl : '')).toEqual([
      { graph: 'NOWHERE', name: 'nowhere', url: '' },
      { graph: 'WITH_DASH', name: 'with-dash', url: 'http://one.test:4001/graphql?tenant=1' },
    ]);
  });

  it.each([
    ['what is no GraphQL', '<html>', /^is not a GraphQL schema \(Syntax Error: Unexpected character: "<".*\)$/s],
    ['an empty file', '', /^is not a GraphQL schema/],
    ['a plain schema', 'type Query { one: Int }', /without the enum join__Graph/],
    ['a type of that name', 'type join__Graph { one: Int }', /without the enum join__Graph/],
    ['a subgraph without a name', 'enum join__Graph { ONE }', /which subgraph ONE is$/],
    ['a subgraph without a URL', 'enum join__Graph { ONE @join__graph(name: "one") }', /which subgraph ONE is$/],
    ['a URL that is no text', 'enum join__Graph { ONE @join__graph(name: "one", url: 1) }', /which subgraph ONE is$/],
  ])('are not guessed from %s', (_what, sdl, reason) => {
    expect(complaint(sdl)).toMatch(reason);
  });
});
