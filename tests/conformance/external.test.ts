import { describe, expect, it } from '@jest/globals';
import { testGraph } from './test-graph.js';

const books = {
  sdl: `
    type Query { book: Book }
    type Book @key(fields: "id") { id: ID!  title: String  pages: Int @shareable }
  `,
  resolvers: { Query: { book: () => ({ id: 'b1', title: 'Flatland', pages: 96 }) } },
  entity: () => ({ id: 'b1', title: 'Flatland', pages: 96 }),
};
const shelf = {
  sdl: `
    type Query { onShelf: Book  opened: Book @provides(fields: "pages") }
    type Book @key(fields: "id") {
      id: ID!
      pages: Int @external
      thickness: Int @requires(fields: "pages")
    }
  `,
  resolvers: {
    Query: { onShelf: () => ({ id: 'b1', pages: -1 }), opened: () => ({ id: 'b1', pages: -2 }) },
    Book: { thickness: ({ pages }: { pages?: number }) => pages! / 8 },
  },
  entity: (representation: object) => representation,
};

describe('A field that a subgraph declares @external', () => {
  it('is never asked of that subgraph, even where it would be at hand', async () => {
    const graph = await testGraph({ books, shelf });
    expect(await graph.ask('{ onShelf { pages title } }')).toEqual({
      data: { onShelf: { pages: 96, title: 'Flatland' } },
    });
    expect(graph.fieldsAskedOf('shelf')).toEqual(['__typename', 'id', 'onShelf']);
  });

  it('is handed to it as its owner answered it', async () => {
    const graph = await testGraph({ books, shelf });
    expect(await graph.ask('{ onShelf { thickness } }')).toEqual({ data: { onShelf: { thickness: 12 } } });
    expect(graph.representationsTo('shelf')).toEqual([{ __typename: 'Book', id: 'b1', pages: 96 }]);
  });

  it('is asked of it only on a path that provides it', async () => {
    const graph = await testGraph({ books, shelf });
    expect(await graph.ask('{ opened { pages } onShelf { pages } }')).toEqual({
      data: { opened: { pages: -2 }, onShelf: { pages: 96 } },
    });
  });
});
