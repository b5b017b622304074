import { nameSupply } from './generated-code.js';

/**
 * The functions of one piece of generated code. Each is written once, however many places need it: fragments that spread
 * others twice each have exponentially many places, and a client may send them.
 */
export class GeneratedFunctions {
  /** Their declarations. */
  readonly code: string[] = [];
  readonly name = nameSupply();
  readonly #names = new Map<string, string>();
  readonly #numbers = new Map<unknown, number>();

  /** The name of the function of this kind for `key`. The first time, `write` gives it as an expression. */
  once(key: string, kind: string, write: (name: string) => string): string {
    const known = this.#names.get(kind + key);
    if (known) return known;
    const name = this.name(kind);
    this.#names.set(kind + key, name);
    // In parentheses V8 compiles it at once; else it would read it twice, now and when it is called first.
    this.code.push(`const ${name} = (${write(name)});`);
    return name;
  }

  /** The same things have the same numbers: what keys are made of. */
  numbers(things: readonly unknown[]): string {
    return things.map((thing) => this.#number(thing)).join();
  }

  #number(thing: unknown): number {
    let number = this.#numbers.get(thing);
    if (number === undefined) this.#numbers.set(thing, (number = this.#numbers.size));
    return number;
  }
}
