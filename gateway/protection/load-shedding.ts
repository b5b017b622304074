import { notReady, ready, type PartHealth } from '@inevitable/contract';
import type { Logger } from 'pino';
import type { RequestRefused } from '../graphql-over-http/request-refused.js';
import type { Load, LoadReader } from './read-load.js';
import { refusedForNow } from './refused-for-now.js';
import type { SheddingSettings } from './shedding-settings.js';

const READ_EVERY_MS = 250;
/** One long turn, as one collection of garbage is, is over when it is seen. */
const READINGS_TO_BEGIN = 2;
/** It is over when the load has fallen well below: else what is let in would begin it again. */
const DELAY_TO_END = 0.5;
const HEAP_TO_END = 0.9;
const RETRY_AFTER_SECONDS = 5;

/** Refuses what comes while there is more to do than this process can, before it fails at all of it. */
export class LoadShedding {
  readonly #settings: SheddingSettings;
  readonly #reader: LoadReader;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #readingsAbove = 0;
  #reason: string | null = null;

  constructor(settings: SheddingSettings, reader: LoadReader, log: Logger) {
    this.#settings = settings;
    this.#reader = reader;
    this.#log = log;
    this.#timer = setInterval(() => this.look(), READ_EVERY_MS).unref();
  }

  get isShedding(): boolean {
    return this.#reason !== null;
  }

  /** What nothing is done for. */
  refusal(): RequestRefused {
    const message = 'This gateway has more to do than it can. Try again in a moment.';
    return refusedForNow({ code: 'OVERLOADED', message, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  health(): PartHealth {
    return this.#reason === null ? ready('load') : notReady('load', this.#reason);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#reader.close();
  }

  /** Done four times a second. */
  look(): void {
    const load = this.#reader.read();
    this.#readingsAbove = this.#tooMuch(load, 1, 1) === null ? 0 : this.#readingsAbove + 1;
    if (this.#reason === null) {
      if (this.#readingsAbove < READINGS_TO_BEGIN) return;
      this.#reason = this.#tooMuch(load, 1, 1);
      this.#log.warn(rounded(load), `Requests are refused from now on: ${this.#reason}.`);
    } else {
      this.#reason = this.#tooMuch(load, DELAY_TO_END, HEAP_TO_END);
      if (this.#reason === null) this.#log.warn(rounded(load), 'Requests are answered again.');
    }
  }

  #tooMuch({ eventLoopDelayMs, heapPercent }: Load, shareOfDelay: number, shareOfHeap: number): string | null {
    const { eventLoopDelayMs: mostDelay, heapPercent: mostHeap } = this.#settings;
    if (eventLoopDelayMs > mostDelay * shareOfDelay) return `the event loop is ${Math.round(eventLoopDelayMs)} ms late`;
    if (heapPercent > mostHeap * shareOfHeap) return `${Math.round(heapPercent)} % of the heap are in use`;
    return null;
  }
}

const rounded = ({ eventLoopDelayMs, heapPercent }: Load): Load => ({
  eventLoopDelayMs: Math.round(eventLoopDelayMs),
  heapPercent: Math.round(heapPercent),
});
