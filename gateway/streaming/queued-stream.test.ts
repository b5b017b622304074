import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { StreamPayload } from './client-stream.js';
import { QueuedStream } from './queued-stream.js';

const payload = (text: string) => new StreamPayload(text);
const read = async (stream: QueuedStream): Promise<string | null> => {
  const { done, value } = await stream.next();
  return done ? null : value.text;
};
const rest = async (stream: QueuedStream): Promise<string[]> => {
  const texts: string[] = [];
  for (let text = await read(stream); text !== null; text = await read(stream)) texts.push(text);
  return texts;
};
const nobodyLeaves = () => {
  throw new Error('Nobody left.');
};

describe('A stream', () => {
  it('hands over what waits in order, then what comes, then its end', async () => {
    const stream = new QueuedStream(nobodyLeaves);
    stream.push(payload('a'));
    stream.push(payload('b'));
    expect([await read(stream), await read(stream)]).toEqual(['a', 'b']);
    const next = read(stream);
    stream.push(payload('c'));
    expect(await next).toBe('c');
    const last = read(stream);
    stream.end();
    expect(await last).toBeNull();
  });

  it('sends what waits before its last word', async () => {
    const stream = new QueuedStream(nobodyLeaves);
    stream.push(payload('a'));
    stream.end(payload('end'));
    expect(await rest(stream)).toEqual(['a', 'end']);
  });

  it('tells whoever waits for room when something was taken out, and when it ends', async () => {
    const stream = new QueuedStream(() => undefined, { maxPayloads: 1, maxCharacters: 10 });
    stream.push(payload('a'));
    for (const act of [() => stream.next(), () => stream.end(), () => stream.return()]) {
      const pulled = stream.pulled();
      await act();
      await pulled;
    }
  });

  it('takes nothing after its end, and has one', async () => {
    const stream = new QueuedStream(nobodyLeaves);
    stream.end(payload('end'));
    stream.end(payload('again'));
    expect(stream.push(payload('late'))).toBe(false);
    expect(await rest(stream)).toEqual(['end']);
  });

  it('tells once that its client has left, with all that waited forgotten', async () => {
    let left = 0;
    const stream = new QueuedStream(() => left++);
    stream.push(payload('a'));
    await stream.return();
    await stream.return();
    expect([left, await read(stream), stream.push(payload('b'))]).toEqual([1, null, false]);
  });

  it('does not call it leaving when a client returns after the end', async () => {
    const stream = new QueuedStream(nobodyLeaves);
    stream.end();
    await stream.return();
  });

  it('ends the waiting of a client that leaves meanwhile', async () => {
    const stream = new QueuedStream(() => undefined);
    const waiting = read(stream);
    await stream.return();
    expect(await waiting).toBeNull();
  });

  it('never keeps more than its bounds but a single payload, and loses none that it took', async () => {
    const steps = fc.array(fc.oneof(fc.string({ maxLength: 30 }), fc.constant(null)), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const stream = new QueuedStream(nobodyLeaves, { maxPayloads: 5, maxCharacters: 50 });
        const kept: string[] = [];
        for (const step of all) {
          if (step === null) {
            if (kept.length > 0) expect(await read(stream)).toBe(kept.shift());
          } else {
            const size = kept.join('').length + step.length;
            const fits = kept.length === 0 || (kept.length < 5 && size <= 50);
            expect(stream.push(payload(step))).toBe(fits);
            if (fits) kept.push(step);
          }
        }
        stream.end();
        expect(await rest(stream)).toEqual(kept);
      }),
    );
  });
});
