import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventStream, WAITING_EVENTS } from './event-stream.js';
import { EventsMissed } from './heard-event.js';

/** Open until it says otherwise; `ends` counts how often it said so. */
function openStream() {
  const counted = { ends: 0 };
  return { stream: new EventStream<number>(() => (counted.ends += 1)), counted };
}

const OVER = { done: true, value: undefined };
const missed = new EventsMissed();

describe('A stream of events', () => {
  it('gives what was pushed in order, to a reader that waits and to one that comes later', async () => {
    const { stream } = openStream();
    const waiting = stream.next();
    stream.push(1);
    stream.push(2);
    expect([await waiting, await stream.next()].map(({ value }) => value)).toEqual([1, 2]);
  });

  it('answers a reader that waits when it is ended, and gives nothing more', async () => {
    const { stream, counted } = openStream();
    const waiting = [stream.next(), stream.next()];
    await stream.return();
    stream.push(1);
    expect(await Promise.all([...waiting, stream.next()])).toEqual([OVER, OVER, OVER]);
    await stream.return();
    expect(counted.ends).toBe(1);
  });

  it('gives what waits before it fails, once, and is over then', async () => {
    const { stream, counted } = openStream();
    stream.push(1);
    stream.fail(new Error('broken'));
    expect((await stream.next()).value).toBe(1);
    await expect(stream.next()).rejects.toThrow('broken');
    expect(await stream.next()).toEqual(OVER);
    expect(counted.ends).toBe(1);
  });

  it('fails towards the reader that waited first, and is over for the others', async () => {
    const { stream } = openStream();
    const first = stream.next();
    const second = stream.next();
    stream.fail(new Error('broken'));
    await expect(first).rejects.toThrow('broken');
    expect(await second).toEqual(OVER);
  });

  it('says once in one place that events are missing', async () => {
    const { stream } = openStream();
    stream.missed();
    stream.missed();
    stream.push(1);
    expect([(await stream.next()).value, (await stream.next()).value]).toEqual([missed, 1]);
  });

  it('drops what a busy reader has no room for, and says where', async () => {
    const { stream } = openStream();
    for (let pushed = 0; pushed < WAITING_EVENTS + 5; pushed += 1) stream.push(pushed);
    for (let read = 0; read < WAITING_EVENTS; read += 1) expect((await stream.next()).value).toBe(read);
    stream.push(-1);
    expect([(await stream.next()).value, (await stream.next()).value]).toEqual([missed, -1]);
  });

  it('loses nothing without saying so, however pushing and reading take turns', async () => {
    const turn = fc.record({ push: fc.nat({ max: 1_500 }), read: fc.nat({ max: 1_500 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { maxLength: 8 }), async (turns) => {
        const { stream } = openStream();
        let pushed = 0;
        const reads: Promise<IteratorResult<number | EventsMissed, undefined>>[] = [];
        const read = (count: number) => {
          for (let left = count; left > 0; left -= 1) reads.push(stream.next());
        };
        for (const { push, read: count } of turns) {
          for (let left = push; left > 0; left -= 1) stream.push(pushed++);
          read(count);
        }
        stream.fail(new Error('the end'));
        read(WAITING_EVENTS + 2);

        let next = 0;
        let isGap = false;
        for (const outcome of await Promise.allSettled(reads)) {
          if (outcome.status === 'rejected' || outcome.value.done) continue;
          const { value } = outcome.value;
          if (value instanceof EventsMissed) isGap = true;
          else {
            if (isGap ? value <= next : value !== next) throw new Error(`${value} came in the place of ${next}`);
            next = value + 1;
            isGap = false;
          }
        }
        expect(next === pushed || isGap).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});
