import type { KeptJob } from './kept-job.js';

/** A storage has no room for what another one keeps; the message says for which job, and why. */
export class JobNotKept extends Error {
  constructor({ id, name }: Pick<KeptJob, 'id' | 'name'>, place: string, reason: string) {
    super(
      `Job ${id} (${name}) cannot be kept in ${place}: ${reason}. Nothing was moved. Let it run, or cancel it, and move the others when retention has removed it.`,
    );
  }
}
