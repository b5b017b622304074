import type { Metric, Registry } from 'prom-client';

/** What was counted under one set of labels. */
export interface Tally {
  value: number;
}

/** A metric as the registry asks for it to write it down. */
export interface ToldFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'histogram';
  readonly values: readonly ToldValue[];
}

export interface ToldValue {
  /** The family's unless told. */
  readonly metricName?: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

export interface FamilyOptions<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Label[];
}

/**
 * A counter as prom-client's, for what each request counts: its label sets are handles that are added to by `++`, where
 * prom-client takes a microsecond to find the labels each time. Read when Prometheus asks.
 */
export class Tallies<Label extends string = never> {
  readonly type = 'counter';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  readonly #values: ToldValue[] = [];
  readonly #collect: (() => void | Promise<void>) | undefined;

  /** `collect`: brings the tallies up to date, before they are read. */
  constructor(
    registry: Registry,
    { name, help, labelNames = [] }: FamilyOptions<Label>,
    collect?: () => Promise<void>,
  ) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.#collect = collect;
    registry.registerMetric(this as unknown as Metric); // of a metric the registry wants its name and `get`
  }

  /** To be called once for each set of labels: whoever counts keeps it. */
  of(labels: Readonly<Record<Label, string>>): Tally {
    const tally = { labels, value: 0 };
    this.#values.push(tally);
    return tally;
  }

  async get(): Promise<ToldFamily> {
    await this.#collect?.();
    const { name, help, type } = this;
    return { name, help, type, values: this.#values };
  }
}
