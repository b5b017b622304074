import { describe, expect, it } from '@jest/globals';
import type { Entity } from './graphql-subgraph.js';
import { byId, testGraph } from './test-graph.js';

const MEDIA = [
  { __typename: 'Book', id: 'b1', title: 'Flatland', pages: 96 },
  { __typename: 'Film', id: 'f1', title: 'Totoro', minutes: 86 },
];
const media = {
  sdl: `
    type Query { media: [Media!]! }
    interface Media @key(fields: "id") { id: ID!  title: String }
    type Book implements Media @key(fields: "id") { id: ID!  title: String  pages: Int }
    type Film implements Media @key(fields: "id") { id: ID!  title: String  minutes: Int }
  `,
  resolvers: { Query: { media: () => MEDIA } },
  entity: ({ id }: Entity) => byId(MEDIA, { id }),
};
const ratings = {
  sdl: `
    type Query { best: [Media!]! }
    type Media @interfaceObject @key(fields: "id") {
      id: ID!
      title: String @external
      rating(of: Int = 5): String
      headline: String @requires(fields: "title")
    }
  `,
  resolvers: {
    Query: { best: () => [{ id: 'f1' }, { id: 'b1' }] },
    Media: {
      rating: ({ id }: Entity, { of }: Entity) => `${id}: 4/${of}`,
      headline: ({ title }: Entity) => `${title}!`,
    },
  },
  entity: (representation: Entity) => representation,
};

describe('An interface object', () => {
  it('adds its fields to every implementation, whose subgraph need not name them', async () => {
    const graph = await testGraph({ media, ratings });
    expect(await graph.ask('{ media { title rating } }')).toEqual({
      data: {
        media: [
          { title: 'Flatland', rating: 'b1: 4/5' },
          { title: 'Totoro', rating: 'f1: 4/5' },
        ],
      },
    });
    expect(graph.representationsTo('ratings')).toEqual([
      { __typename: 'Media', id: 'b1' },
      { __typename: 'Media', id: 'f1' },
    ]);
  });

  it('is answered alone while nobody asks of which type it is', async () => {
    const graph = await testGraph({ media, ratings });
    expect(await graph.ask('{ best { id rating(of: 10) } }')).toEqual({
      data: {
        best: [
          { id: 'f1', rating: 'f1: 4/10' },
          { id: 'b1', rating: 'b1: 4/10' },
        ],
      },
    });
    expect(graph.askedSubgraphs).toEqual(['ratings']);
  });

  it('learns its type from the owner of the interface', async () => {
    const graph = await testGraph({ media, ratings });
    expect(await graph.ask('{ best { kind: __typename rating __typename } }')).toEqual({
      data: {
        best: [
          { kind: 'Film', rating: 'f1: 4/5', __typename: 'Film' },
          { kind: 'Book', rating: 'b1: 4/5', __typename: 'Book' },
        ],
      },
    });
    expect(graph.askedSubgraphs).toEqual(['ratings', 'media']);
  });

  it('answers a fragment on an implementation only for objects of that type', async () => {
    const graph = await testGraph({ media, ratings });
    expect(
      await graph.ask(
        '{ best { ... on Book { pages rating } ... on Film { minutes } } media { ... on Film { rating } } }',
      ),
    ).toEqual({
      data: {
        best: [{ minutes: 86 }, { pages: 96, rating: 'b1: 4/5' }],
        media: [{}, { rating: 'f1: 4/5' }],
      },
    });
  });

  it('can be asked with a fragment on another interface or union of its implementations', async () => {
    const graph = await testGraph({
      media: {
        ...media,
        sdl: `${media.sdl.replace('type Book implements Media', 'type Book implements Media & Titled')}
          interface Titled { title: String }
          union Paper = Book
        `,
      },
      ratings,
    });
    expect(await graph.ask('{ best { ... on Paper { __typename } ... on Titled { title } } }')).toEqual({
      data: { best: [{}, { __typename: 'Book', title: 'Flatland' }] },
    });
  });

  it('gets what its fields require from the implementations', async () => {
    const graph = await testGraph({ media, ratings });
    expect(await graph.ask('{ best { headline } media { ... on Book { headline } rating } }')).toEqual({
      data: {
        best: [{ headline: 'Totoro!' }, { headline: 'Flatland!' }],
        media: [{ headline: 'Flatland!', rating: 'b1: 4/5' }, { rating: 'f1: 4/5' }],
      },
    });
  });
});
