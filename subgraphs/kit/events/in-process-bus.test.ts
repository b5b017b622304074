import { describe, expect, it } from '@jest/globals';
import type { ListenOptions, StackEvent } from '@inevitable/contract';
import fc from 'fast-check';
import { inProcessBus, KEPT } from './in-process-bus.js';

const event = (id: string, name = 'starter.note.changed.v1'): StackEvent => ({
  id,
  name,
  tenantId: null,
  aggregate: 'one',
  payload: {},
  occurredAt: '2026-01-01T00:00:00.000Z',
  correlationId: 'test',
});

/** A bus whose time stands still unless told, and what went wrong on it. */
function openBus() {
  const failures: unknown[] = [];
  const clock = { now: 0 };
  const bus = inProcessBus((error) => failures.push(error), { now: () => clock.now });
  const hear = (name: string, options?: ListenOptions) => {
    const heard: string[] = [];
    const gap = () => heard.push('gap');
    const end = bus.subscribe(name, ({ id }) => heard.push(id), { onGap: gap, ...options });
    return { heard, end };
  };
  return { bus, clock, failures, hear };
}

describe('The bus of one process', () => {
  it('tells a listener what has its name, or a prefix of it that ends in a dot', async () => {
    const { bus, hear } = openBus();
    const exact = hear('starter.note.changed.v1');
    const prefix = hear('starter.');
    const noPrefix = hear('starter.note');
    await bus.publish(event('a'));
    await bus.publish(event('b', 'starter.note.deleted.v1'));
    await bus.publish(event('c', 'starters.note.changed.v1'));
    expect([exact.heard, prefix.heard, noPrefix.heard]).toEqual([['a'], ['a', 'b'], []]);
  });

  it('tells an event once, also when it is published again', async () => {
    const { bus, hear } = openBus();
    const { heard } = hear('starter.');
    await bus.publish(event('a'));
    await bus.publish(event('a'));
    expect(heard).toEqual(['a']);
  });

  it('goes on telling others when one listener throws', async () => {
    const { bus, hear, failures } = openBus();
    const broken = new Error('a broken listener');
    bus.subscribe('starter.', () => {
      throw broken;
    });
    const { heard } = hear('starter.');
    await bus.publish(event('a'));
    expect([heard, failures]).toEqual([['a'], [broken]]);
  });

  it('ends each subscription for itself, though the same function listens twice', async () => {
    const { bus } = openBus();
    const heard: string[] = [];
    const listener = ({ id }: StackEvent) => void heard.push(id);
    const end = bus.subscribe('starter.', listener);
    bus.subscribe('starter.', listener);
    end();
    end();
    await bus.publish(event('a'));
    expect(heard).toEqual(['a']);
  });

  it('tells a listener that ended meanwhile nothing more, and one that began meanwhile nothing twice', async () => {
    const { bus, hear } = openBus();
    await bus.publish(event('a'));
    const begun: string[][] = [];
    bus.subscribe('starter.', () => {
      second.end();
      begun.push(hear('starter.', { after: 'a' }).heard);
    });
    const second = hear('starter.');
    await bus.publish(event('b'));
    expect([second.heard, begun]).toEqual([[], [['b']]]);
  });
});

describe('A listener that comes back with the id of the last event it heard', () => {
  it('hears what is published while it is being told the past, after the past', async () => {
    const { bus } = openBus();
    await bus.publish(event('a'));
    await bus.publish(event('b'));
    const heard: string[] = [];
    bus.subscribe(
      'starter.',
      ({ id }) => {
        heard.push(id);
        if (id === 'b') void bus.publish(event('c'));
      },
      { after: 'a' },
    );
    expect(heard).toEqual(['b', 'c']);
  });

  it('hears nothing but what has its name', async () => {
    const { bus, hear } = openBus();
    await bus.publish(event('a', 'other.thing.happened.v1'));
    await bus.publish(event('b'));
    await bus.publish(event('c', 'other.thing.happened.v1'));
    expect(hear('starter.note.changed.v1', { after: 'a' }).heard).toEqual(['b']);
  });

  it('is told of a gap when its event is older than events are kept', async () => {
    const { bus, hear, clock } = openBus();
    await bus.publish(event('a'));
    await bus.publish(event('b'));
    clock.now += KEPT.forMs;
    expect(hear('starter.', { after: 'a' }).heard).toEqual(['b']);
    clock.now += 1;
    const late = hear('starter.', { after: 'a' });
    await bus.publish(event('c'));
    expect(late.heard).toEqual(['gap', 'c']);
  });

  it('is told of a gap when more events than are kept have come since', async () => {
    const { bus, hear } = openBus();
    for (let count = 0; count <= KEPT.events; count += 1) await bus.publish(event(String(count)));
    expect(hear('starter.', { after: '0' }).heard).toEqual(['gap']);
    expect(hear('starter.', { after: '1' }).heard).toHaveLength(KEPT.events - 1);
  });

  it('is told of a gap when more than fits into memory has come since, however few events that are', async () => {
    const { bus, hear } = openBus();
    const large = { payload: 'x'.repeat(262_144) };
    for (let count = 0; count < 100; count += 1) await bus.publish({ ...event(String(count)), ...large });
    expect(hear('starter.', { after: '0' }).heard).toEqual(['gap']);
    expect(hear('starter.', { after: '90' }).heard).toHaveLength(9);
  });

  it('hears exactly what it missed, once and in order, or is told of a gap – wherever it left', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('publish' as const), name: fc.constantFrom('a.x.y.v1', 'a.x.z.v1', 'b.x.y.v1') }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: KEPT.forMs }) }),
      fc.record({ kind: fc.constant('again' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 40 }),
        fc.array(step, { maxLength: 10 }),
        fc.nat(),
        fc.constantFrom('a.x.y.v1', 'a.', 'b.x.y.v1'),
        async (before, afterwards, leftAt, listened) => {
          const { bus, clock, hear } = openBus();
          const published: { id: string; name: string; at: number }[] = [];
          const play = async (steps: typeof before) => {
            for (const one of steps) {
              if (one.kind === 'wait') clock.now += one.ms;
              else if (one.kind === 'again') {
                const last = published.at(-1);
                if (last && clock.now - last.at <= KEPT.forMs) await bus.publish(event(last.id, last.name));
              } else {
                const id = `event ${published.length}`;
                published.push({ id, name: one.name, at: clock.now });
                await bus.publish(event(id, one.name));
              }
            }
          };
          await play(before);
          fc.pre(published.length > 0);
          const seen = published[leftAt % published.length]!;
          const isKnown = clock.now - seen.at <= KEPT.forMs;
          const start = isKnown ? published.indexOf(seen) + 1 : published.length;
          const { heard } = hear(listened, { after: seen.id });
          await play(afterwards);
          const expected = published.slice(start).filter(({ name }) => name.startsWith(listened));
          expect(heard).toEqual([...(isKnown ? [] : ['gap']), ...expected.map(({ id }) => id)]);
        },
      ),
    );
  });
});
