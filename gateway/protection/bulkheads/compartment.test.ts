import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Compartment, type Bounds, type Waiting } from './compartment.js';

/** Parts of all, the last two of which are parts of a part. */
class Ship {
  now = 0;
  readonly all: Compartment;
  readonly group: Compartment;
  readonly parts: readonly Compartment[];
  /** In the order in which they were let in. */
  readonly entered: { readonly part: number; readonly number: number }[] = [];
  readonly #arrived: number[];

  constructor(
    readonly bounds: { readonly all: Bounds; readonly group: Bounds; readonly part: Bounds },
    direct: number,
    grouped: number,
  ) {
    const clock = () => this.now;
    this.all = new Compartment(bounds.all, null, clock);
    this.group = new Compartment(bounds.group, this.all, clock);
    this.parts = Array.from(
      { length: direct + grouped },
      (_, at) => new Compartment(bounds.part, at < direct ? this.all : this.group, clock),
    );
    this.#arrived = this.parts.map(() => 0);
  }

  arrive(part: number): Waiting | 'entered' | 'own' | 'shared' {
    const number = this.#arrived[part]!++;
    const compartment = this.parts[part]!;
    const enter = () => void this.entered.push({ part, number });
    if (!compartment.take()) return compartment.wait(enter);
    enter();
    return 'entered';
  }
}

const wide: Bounds = { slots: 1_000, places: 100_000 };

describe('Whatever arrives, ends and leaves, in any order', () => {
  const bounds = fc.record({ slots: fc.integer({ min: 1, max: 6 }), places: fc.integer({ min: 0, max: 12 }) });
  const step = fc.record({
    what: fc.constantFrom('arrive', 'arrive', 'end', 'leave'),
    part: fc.nat(5),
    which: fc.nat(100),
  });

  it('never more run or wait than the bounds say, each is let in once and in its turn, and no slot is left empty', () => {
    fc.assert(
      fc.property(bounds, bounds, bounds, fc.array(step, { maxLength: 200 }), (all, group, part, steps) => {
        const ship = new Ship({ all, group, part }, 4, 2);
        const running: number[] = [];
        const waiting: { part: number; number: number; place: Waiting }[] = [];
        const arrived = ship.parts.map(() => 0);
        let known = 0;
        for (const { what, part: at, which } of steps) {
          if (what === 'arrive') {
            const number = arrived[at]!++;
            const outcome = ship.arrive(at);
            if (typeof outcome === 'object') waiting.push({ part: at, number, place: outcome });
          } else if (what === 'end' && running.length > 0) {
            const [ended] = running.splice(which % running.length, 1);
            ship.parts[ended!]!.giveBack();
          } else if (what === 'leave' && waiting.length > 0)
            waiting.splice(which % waiting.length, 1)[0]!.place.leave();

          for (const { part: of, number } of ship.entered.slice(known)) {
            const place = waiting.findIndex((one) => one.part === of);
            // Of those of one part, who came first.
            if (place >= 0 && waiting[place]!.number === number) waiting.splice(place, 1);
            else expect([what, of, place]).toEqual(['arrive', at, -1]);
            running.push(of);
          }
          known = ship.entered.length;

          const count = (list: readonly number[], parts: readonly number[]) =>
            list.filter((one) => parts.includes(one)).length;
          const waitingIn = waiting.map((one) => one.part);
          const levels = [
            { one: ship.all, parts: [0, 1, 2, 3, 4, 5], limits: all },
            { one: ship.group, parts: [4, 5], limits: group },
            ...ship.parts.map((one, index) => ({ one, parts: [index], limits: part })),
          ];
          const isFull = (at: number) =>
            levels.some(({ one, parts, limits }) => parts.includes(at) && one.running === limits.slots);
          const isWrong = levels.some(
            ({ one, parts, limits }) =>
              one.running !== count(running, parts) ||
              one.waiting !== count(waitingIn, parts) ||
              one.running > limits.slots ||
              one.waiting > limits.places,
          );
          expect([isWrong, waitingIn.every(isFull)]).toEqual([false, true]);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('Of those with somebody waiting', () => {
  it('each gets every k-th slot, however many of another wait', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 20, max: 60 }), { minLength: 2, maxLength: 6 }),
        (slots, crowds) => {
          const ship = new Ship({ all: { ...wide, slots }, group: wide, part: wide }, crowds.length + 1, 0);
          const flooding = crowds.length;
          for (let at = 0; at < slots; at++) ship.arrive(flooding);
          for (let at = 0; at < 500; at++) ship.arrive(flooding);
          for (const [part, crowd] of crowds.entries()) for (let at = 0; at < crowd; at++) ship.arrive(part);
          ship.entered.length = 0;
          const running = Array.from({ length: slots }, () => flooding);
          const k = crowds.length + 1;
          for (let slot = 0; slot < 20 * k; slot++) {
            ship.parts[running.shift()!]!.giveBack();
            running.push(ship.entered.at(-1)!.part);
          }
          for (let turn = 0; turn < 20; turn++)
            expect(new Set(ship.entered.slice(turn * k, (turn + 1) * k).map(({ part }) => part)).size).toBe(k);
        },
      ),
    );
  });

  it('a part of many parts has one turn, which goes round within it', () => {
    const ship = new Ship({ all: { ...wide, slots: 1 }, group: wide, part: wide }, 1, 3);
    ship.arrive(0);
    for (let round = 0; round < 4; round++) for (const part of [1, 2, 3, 0]) ship.arrive(part);
    for (let slot = 0; slot < 8; slot++) ship.parts[ship.entered.at(-1)!.part]!.giveBack();
    expect(ship.entered.slice(1).map(({ part }) => part)).toEqual([1, 0, 2, 0, 3, 0, 1, 0]);
  });

  it('one that runs as many as it may is passed over, and does not lose its turn', () => {
    const ship = new Ship({ all: { ...wide, slots: 3 }, group: wide, part: { slots: 2, places: 100 } }, 3, 0);
    for (const part of [0, 0, 1, 0, 1, 2]) ship.arrive(part);
    ship.parts[1]!.giveBack();
    ship.parts[0]!.giveBack();
    ship.parts[0]!.giveBack();
    expect(ship.entered.slice(3).map(({ part }) => part)).toEqual([1, 2, 0]);
  });
});

describe('Who may not wait', () => {
  const part = { slots: 1, places: 8 };

  it('is told whose places are taken: its own, or those of all', () => {
    const ship = new Ship({ all: { slots: 1, places: 16 }, group: wide, part }, 9, 0);
    const full = (at: number) => {
      for (;;) {
        const outcome = ship.arrive(at);
        if (typeof outcome === 'string' && outcome !== 'entered') return outcome;
      }
    };
    expect([0, 1, 2].map(full)).toEqual(['own', 'shared', 'shared']);
    expect(ship.parts.map(({ waiting }) => waiting).slice(0, 4)).toEqual([8, 4, 2, 0]);
    expect(typeof ship.arrive(3)).toBe('object'); // floods leave room for whoever does not flood
  });

  it('is told how long those who do will take, by how fast they were let in', () => {
    const ship = new Ship({ all: { slots: 1, places: 100 }, group: wide, part: { slots: 1, places: 50 } }, 1, 0);
    const [only] = ship.parts;
    for (let at = 0; at < 12; at++) ship.arrive(0);
    for (let at = 0; at < 5; at++) {
      ship.now += 200;
      only!.giveBack();
    }
    expect([only!.waiting, only!.drainMs()]).toEqual([6, 1_200]);
  });
});
