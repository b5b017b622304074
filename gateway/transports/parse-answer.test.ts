import { inspect } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { SubgraphUnreachable } from '@inevitable/contract';
import { parseAnswer } from './parse-answer.js';

const parse = (text: string) => parseAnswer(Buffer.from(text), 'notes');

describe('The answer of a subgraph', () => {
  it.each([
    '{"data":{"a":"ä€😀"}}',
    '{"data":null}',
    '{"data":{},"errors":null}',
    '{"errors":[{"message":"no"}]}',
    '{"data":{"a":null},"errors":[{"message":"no","path":["a"]}],"extensions":{}}',
  ])('is read: %s', (text) => expect(parse(text)).toEqual(JSON.parse(text)));

  it.each(['', '{"data":', '<html>', '[]', 'null', '"data"', '{}', '{"data":[]}', '{"data":1}', '{"errors":[]}'])(
    'is none: %s',
    (text) => expect(() => parse(text)).toThrow(SubgraphUnreachable),
  );

  it('is not repeated in the error that says it is none, which is logged', () => {
    for (const text of ['secret', '{"data":{"note":"secret"', '"secret"', '{"secret":1}'])
      try {
        parse(text);
        expect(text).toBe('refused');
      } catch (error) {
        expect(inspect(error)).not.toContain('secret');
      }
  });

  it.each(['{"errors":["x"]}', '{"errors":{}}', '{"data":{},"errors":{}}', '{"data":{},"errors":[]}'])(
    'is none when its errors are none: %s',
    (text) => expect(() => parse(text)).toThrow(SubgraphUnreachable),
  );
});
