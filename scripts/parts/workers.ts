import { notReady, ready, type PartHealth } from '@inevitable/contract';
import type { WorkedProduct, Worker } from '@inevitable/kit/host';
import { Closers } from './closers.js';

export interface RunningWorker {
  readonly worker: Worker;
  /** Running jobs may end first. */
  stop(): Promise<void>;
}

/** The workers of this process: one for everything, or more where products are reloaded one by one. */
export class Workers {
  readonly #running = new Set<RunningWorker>();

  /** `startOne` gives what it opens to the closers it is given. */
  constructor(private readonly startOne: (products: readonly WorkedProduct[], closers: Closers) => Promise<Worker>) {}

  async start(products: readonly WorkedProduct[]): Promise<RunningWorker> {
    const closers = new Closers();
    try {
      const worker = await this.startOne(products, closers);
      let stopping: Promise<void> | null = null;
      const running: RunningWorker = { worker, stop: () => (stopping ??= stop()) };
      const stop = async (): Promise<void> => {
        const failed = await closers.closeAll();
        this.#running.delete(running);
        if (failed.length) throw new Error(failed.join(', '));
      };
      this.#running.add(running);
      return running;
    } catch (error) {
      await closers.closeAll();
      throw error;
    }
  }

  async health(): Promise<PartHealth> {
    if (this.#running.size === 0) return notReady('worker', 'it is starting');
    const reports = await Promise.all([...this.#running].map(({ worker }) => worker.health()));
    const trouble = reports.flatMap(({ reason }) => (reason === null ? [] : [reason]));
    return trouble.length ? notReady('worker', trouble.join('; ')) : ready('worker');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#running].map((running) => running.stop()));
  }
}
