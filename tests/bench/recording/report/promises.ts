import type { Figures } from '../measure/measure-recording.js';

/** Of the CPU of a request. */
const MOST_COST = 0.02;

/** Something that is said of recording, and whether it was so. */
export interface KeptPromise {
  readonly holds: boolean;
  readonly what: string;
}

export function promisesOf({ cost, sent, received, documents, clients }: Figures): readonly KeptPromise[] {
  const isAll = received.requests === sent;
  return [
    {
      // Its upper bound: a median below, of which chance may have taken something, shows nothing.
      holds: cost.to < MOST_COST,
      what: `less than ${MOST_COST * 100} % CPU, with a certainty of 95 %`,
    },
    {
      holds: isAll && received.documents === documents && received.clients === clients,
      what: `operations had ${received.requests} of ${sent} requests, ${received.documents} of ${documents} documents and ${received.clients} of ${clients} clients, in ${received.batches} batches`,
    },
  ];
}
