import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventStreamParser, EventTooLong, type StreamEvent } from './event-stream-parser.js';

function parse(chunks: readonly (string | Uint8Array)[], maxLength = 1_000): StreamEvent[] {
  const events: StreamEvent[] = [];
  const parser = new EventStreamParser(maxLength, (event) => events.push(event));
  for (const chunk of chunks) parser.push(Buffer.from(chunk));
  return events;
}

/** Cuts bytes at each of these places, wherever that is in a character. */
function cut(text: string, places: readonly number[]): Uint8Array[] {
  const bytes = Buffer.from(text);
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((one, other) => one - other);
  return [...ends, bytes.length].map((end, at) => bytes.subarray(at === 0 ? 0 : ends[at - 1], end));
}

describe('An event stream', () => {
  it.each<[string, string, Partial<StreamEvent>[]]>([
    [
      'the type, the id and the data of an event',
      'event: next\nid: 7\ndata: {}\n\n',
      [{ type: 'next', id: '7', data: '{}' }],
    ],
    ['data over several lines', 'data: a\ndata\ndata:b\n\n', [{ data: 'a\n\nb' }]],
    ['all three ends of lines', 'data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r', [{ data: 'a\nb\nc' }, { data: 'd' }]],
    ['one space after the colon, and no more', 'data:  a: b\n\n', [{ data: ' a: b' }]],
    ['an end without data', 'event: complete\n\n', [{ type: 'complete', data: '' }]],
    [
      'no comment, no unknown field and no id with a null',
      ':\n\n: hi\nretry: 9\nid: a\0b\nx\n\ndata: a\n\n',
      [{ data: 'a', id: null }],
    ],
    [
      'nothing of one event in the next',
      'event: next\nid: 1\ndata: a\n\ndata: b\n\n',
      [{}, { type: '', id: null, data: 'b' }],
    ],
    ['no event that is not finished', 'data: a\n', []],
    ['nothing of a byte order mark', '\uFEFFdata: a\n\n', [{ data: 'a' }]],
  ])('is read with %s', (_what, text, events) => {
    expect(parse([text])).toMatchObject(events);
    expect(parse([text])).toHaveLength(events.length);
  });

  const line = fc.oneof(
    fc.constantFrom(
      '',
      ':',
      'data',
      'event: next',
      'event: complete',
      'id: é1',
      ': ping',
      'data: {"ü":"😀"}',
      'retry: 1',
    ),
    fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll(/[\r\n]/g, '')),
  );
  const stream = fc
    .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 40 })
    .map((lines) => lines.flat().join(''));

  it('tells the same events however it is cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(2_000), { maxLength: 60 }), (text, places) => {
        expect(parse(cut(text, places), 10_000)).toEqual(parse([text], 10_000));
      }),
      { numRuns: 1_000 },
    );
  });

  it('gives back what was written to it, however it is cut', () => {
    const data = fc.array(fc.json(), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(data, fc.array(fc.nat(2_000), { maxLength: 60 }), (texts, places) => {
        const text = texts.map((one) => `event: next\ndata: ${one}\n\n`).join('');
        expect(parse(cut(text, places), 100_000).map((event) => event.data)).toEqual(texts);
      }),
    );
  });

  it.each([
    ['a line that never ends', () => parse(Array.from({ length: 12 }, () => 'x'.repeat(100)))],
    ['lines of one event that never end', () => parse(Array.from({ length: 12 }, () => `data: ${'x'.repeat(100)}\n`))],
    ['one long line', () => parse([`data: ${'x'.repeat(2_000)}\n\n`])],
  ])('is refused for %s', (_what, read) => {
    expect(read).toThrow(EventTooLong);
  });

  it('may be as long as it likes, of events that are not', () => {
    expect(parse(Array.from({ length: 50 }, () => `data: ${'x'.repeat(900)}\n\n`))).toHaveLength(50);
  });
});
