import type { Metric, Registry } from 'prom-client';
import type { FamilyOptions, ToldFamily, ToldValue } from './tallies.js';

/** How what was observed under one set of labels is spread over buckets. */
export class Distribution {
  readonly #bounds: readonly number[];
  /** Of each bucket alone; the last one is beyond all bounds. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.counts[bucket]!++;
    this.sum += value;
  }
}

interface DistributionsOptions<Label extends string> extends FamilyOptions<Label> {
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/** A histogram as prom-client's, for what each request observes; see `Tallies`. */
export class Distributions<Label extends string = never> {
  readonly type = 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  readonly #buckets: readonly number[];
  readonly #all: { readonly labels: Readonly<Record<Label, string>>; readonly distribution: Distribution }[] = [];

  constructor(registry: Registry, { name, help, labelNames = [], buckets }: DistributionsOptions<Label>) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.#buckets = buckets;
    registry.registerMetric(this as unknown as Metric); // of a metric the registry wants its name and `get`
  }

  /** To be called once for each set of labels: whoever observes keeps it. */
  of(labels: Readonly<Record<Label, string>>): Distribution {
    const distribution = new Distribution(this.#buckets);
    this.#all.push({ labels, distribution });
    return distribution;
  }

  get(): Promise<ToldFamily> {
    const { name, help, type } = this;
    const values = this.#all.flatMap(({ labels, distribution }) => this.#told(labels, distribution));
    return Promise.resolve({ name, help, type, values });
  }

  #told(labels: Readonly<Record<Label, string>>, { counts, sum }: Distribution): ToldValue[] {
    let count = 0;
    const values: ToldValue[] = [...counts].map((here, bucket) => {
      count += here;
      const le = this.#buckets[bucket] ?? '+Inf';
      return { metricName: `${this.name}_bucket`, labels: { ...labels, le }, value: count };
    });
    values.push({ metricName: `${this.name}_sum`, labels, value: sum });
    values.push({ metricName: `${this.name}_count`, labels, value: count });
    return values;
  }
}
