import { beforeEach, describe, expect, it } from '@jest/globals';
import type { StackEvent } from '@inevitable/contract';
import { EventFanOut } from './event-fan-out.js';

const NAME = 'starter.note.changed.v1';
let fanOut: EventFanOut;
/** Ends one wait for what other processes published. */
let catchUp: (isOpen?: boolean) => void;
let asked: number;
let failures: string[];
let heard: string[];

const event = (id: string, name = NAME): StackEvent => ({
  id,
  name,
  tenantId: null,
  aggregate: 'a',
  payload: null,
  occurredAt: '',
  correlationId: '',
});
const hear = (...ids: string[]): void => ids.forEach((id) => fanOut.hear(event(id), 1));
const listen = (after?: string, name = NAME): (() => void) =>
  fanOut.subscribe(name, ({ id }) => void heard.push(id), {
    ...(after !== undefined && { after }),
    onGap: () => void heard.push('gap'),
  });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  asked = 0;
  failures = [];
  heard = [];
  fanOut = new EventFanOut({
    bounds: { events: 5, bytes: 100 },
    caughtUp: () => {
      asked += 1;
      return new Promise((resolve) => (catchUp = (isOpen = true) => resolve(isOpen)));
    },
    onListenerError: (error, name) => failures.push(`${name}: ${(error as Error).message}`),
  });
});

describe('Whoever says what they heard last', () => {
  it('hears what came after it, then what comes, and nobody else is asked', async () => {
    hear('1', '2', '3');
    listen('1');
    hear('4');
    await settled();
    hear('5');
    expect(heard).toEqual(['2', '3', '4', '5']);
    expect(asked).toBe(0);
  });

  it('waits where that is unknown until it arrives, and misses nothing meanwhile', async () => {
    hear('1');
    listen('2');
    await settled();
    hear('2', '3');
    expect(heard).toEqual([]);
    catchUp();
    await settled();
    hear('4');
    expect(heard).toEqual(['3', '4']);
  });

  it('is told of a gap when it is certain that nobody knows it, before what came since', async () => {
    hear('1');
    listen('unknown');
    await settled();
    hear('2');
    catchUp();
    await settled();
    hear('3');
    expect(heard).toEqual(['gap', '2', '3']);
  });

  it('shares the wait with those who come meanwhile', async () => {
    for (let index = 0; index < 100; index += 1) listen(`unknown ${index}`);
    await settled();
    listen('one more');
    await settled();
    catchUp();
    await settled();
    catchUp();
    await settled();
    expect(heard).toEqual(Array(101).fill('gap'));
    expect(asked).toBe(2);
  });

  it('is told nothing where it left, or the bus was closed, while it waited', async () => {
    const stop = listen('unknown');
    await settled();
    stop();
    catchUp();
    await settled();
    listen('unknown');
    await settled();
    catchUp(false);
    await settled();
    expect(heard).toEqual([]);
  });

  it('may leave at the first of what it missed', async () => {
    hear('1', '2', '3');
    const stop = fanOut.subscribe(
      NAME,
      ({ id }) => {
        heard.push(id);
        stop();
      },
      { after: '1' },
    );
    await settled();
    hear('4');
    expect(heard).toEqual(['2']);
  });

  it('is told of a gap where something was missed since', async () => {
    hear('1', '2');
    fanOut.missedSome();
    hear('3');
    listen('1');
    await settled();
    catchUp();
    await settled();
    hear('4');
    expect(heard).toEqual(['gap', '4']);
  });
});

describe('Whoever listens', () => {
  it('hears what is published from then on, also where it begins while others are being told', () => {
    hear('1');
    fanOut.subscribe(NAME, ({ id }) => {
      if (id === '2') listen();
    });
    hear('2', '3');
    expect(heard).toEqual(['3']);
  });

  it('is told where something was missed', () => {
    listen();
    hear('1');
    fanOut.missedSome();
    hear('2');
    expect(heard).toEqual(['1', 'gap', '2']);
  });

  it('hears although another one throws', () => {
    fanOut.subscribe(
      'starter.',
      () => {
        throw new Error('broken');
      },
      {
        onGap: () => {
          throw new Error('broken too');
        },
      },
    );
    listen();
    hear('1');
    fanOut.missedSome();
    expect(heard).toEqual(['1', 'gap']);
    expect(failures).toEqual([`${NAME}: broken`, 'starter.: broken too']);
  });

  it('hears no more once it has left, also by the hand of another listener', () => {
    let stop: () => void = () => undefined;
    fanOut.subscribe(NAME, () => stop());
    stop = listen();
    hear('1');
    expect(heard).toEqual([]);
  });
});
