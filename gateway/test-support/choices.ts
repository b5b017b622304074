import fc from 'fast-check';

/** Many small decisions out of one list of numbers. At its end every decision is the first option, so it shrinks well. */
export class Choices {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  /** From 0 up to, and without, `end`. */
  below(end: number): number {
    return (this.#numbers[this.#next++] ?? 0) % end;
  }

  oneOf<Option>(options: readonly Option[]): Option {
    return options[this.below(options.length)]!;
  }

  /** True about once in so many times; false when the numbers have run out. */
  onceIn(times: number): boolean {
    return this.below(times) === times - 1;
  }

  /** Each with an even chance. */
  some<Option>(options: readonly Option[]): readonly Option[] {
    return options.filter(() => this.below(2) === 1);
  }
}

/** What `Choices` are made of: at most so many numbers. */
export const anyNumbers = (length: number): fc.Arbitrary<number[]> =>
  fc.array(fc.nat({ max: 9_999 }), { maxLength: length, size: 'max' });
