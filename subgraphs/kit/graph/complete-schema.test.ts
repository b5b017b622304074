import { describe, expect, it } from '@jest/globals';
import { GraphQLError, parse, print } from 'graphql';
import { completeSchema, completeSchemaText } from './complete-schema.js';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])';

describe("A product's schema is completed", () => {
  it('behind its own text, so that every line of it stays where it was', () => {
    const sdl = '# things\n\n"""\nMany.\n"""\ntype Query {\n  price: Money # the end';
    const text = completeSchemaText(`${sdl}\n}\n# no line break follows`);
    expect(text.startsWith(`${sdl}\n}\n# no line break follows\nextend schema @link(`)).toBe(true);
    expect(text).toContain('type Money @shareable {');
  });

  it('with what it names and leaves out, and with nothing else', () => {
    const text = completeSchemaText('type Query { price: Money }\n"Ours."\nscalar Decimal');
    expect(text.match(/^(scalar|type|extend schema).*/gm)).toEqual([
      'type Query { price: Money }',
      'scalar Decimal',
      expect.stringMatching(/^extend schema @link\(url: "https:\/\/specs\.apollo\.dev\/federation\/v2\.9"/),
      'type Money @shareable {',
    ]);
    expect(completeSchemaText(`${LINK}\ntype Query { one: Int }`)).toBe(`${LINK}\ntype Query { one: Int }`);
  });

  it('alike as text and as a document', () => {
    const sdl = 'type Query { at: DateTime price: Money }';
    expect(print(completeSchema(sdl))).toBe(print(parse(completeSchemaText(sdl))));
  });

  it('unless its own @link lacks what a shared type needs: that is told with the place of the @link', () => {
    const refused = (() => {
      try {
        return completeSchemaText(`\n${LINK}\ntype Query { price: Money }`, 'schema.graphql');
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(GraphQLError);
    expect(refused).toMatchObject({
      message:
        'schema.graphql uses a shared type: import "@shareable" in its @link, or leave the @link out and the kit adds it.',
      locations: [{ line: 2, column: 15 }],
    });
  });
});
