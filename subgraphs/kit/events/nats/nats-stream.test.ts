import { describe, expect, it } from '@jest/globals';
import { decodeEvent, encodeEvent, subjectOf } from './nats-stream.js';

describe('The subject of an event', () => {
  it('is its name below one of ours', () => {
    expect(subjectOf('starter.note.changed.v1')).toBe('inevitable.events.starter.note.changed.v1');
  });

  it.each(['', '*', 'starter.>', 'starter.*.v1', 'a b', 'a..b', '.a', 'a.', 'a\r\nPUB x', 'ü', 'x'.repeat(5_000)])(
    'leaves out a name that NATS could read as something else: %j',
    (name) => expect(subjectOf(name)).toBe('inevitable.events._'),
  );
});

describe('An event', () => {
  const event = {
    id: '1',
    name: 'starter.note.changed.v1',
    tenantId: 'acme',
    aggregate: 'note-1',
    payload: { text: '☃' },
    occurredAt: '2026-01-01T00:00:00.000Z',
    correlationId: 'request-1',
    trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  };
  const bytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));

  it('is the same on the other side, without what this version does not know', () => {
    expect(decodeEvent(Buffer.from(encodeEvent(event)))).toEqual(event);
    expect(decodeEvent(bytes({ ...event, more: 1 }))).toEqual(event);
    expect(decodeEvent(bytes({ ...event, trace: undefined }))).toEqual({ ...event, trace: undefined }); // of an older part
  });

  it.each([
    ['no JSON', Buffer.from('{')],
    ['a value', bytes(7)],
    ['without a tenant', bytes({ ...event, tenantId: undefined })],
    ['of a tenant that is no text', bytes({ ...event, tenantId: ['acme'] })],
    ['without an id', bytes({ ...event, id: '' })],
  ])('is not what is %s', (_what, data) => expect(decodeEvent(data)).toBeNull());
});
