import { parseArgs } from 'node:util';
import { numberOf } from '../read-option.js';

/** Documents of clients that the recorder keeps until its next flush. */
const MOST_ENTRIES = 10_000;

export interface Options {
  readonly json: boolean;
  readonly seconds: number;
  readonly warmUpMs: number;
  /** A block is a request over each. */
  readonly connections: number;
  /** Different ones, and how many clients send each of them. */
  readonly documents: number;
  readonly clients: number;
}

/** Throws with one sentence for what cannot be run. help.txt says what each is for. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      connections: { type: 'string' },
      documents: { type: 'string' },
      clients: { type: 'string' },
    },
  });
  const { quick, json } = values;
  const documents = numberOf('documents', values.documents, 1, 1, MOST_ENTRIES);
  const clients = numberOf('clients', values.clients, 1, 1, 1_000);
  if (documents * clients > MOST_ENTRIES)
    throw new Error(`--documents times --clients is at most ${MOST_ENTRIES}: a gateway records no more at once.`);
  return {
    json,
    seconds: numberOf('seconds', values.seconds, quick ? 15 : 75, 1, 3_600),
    warmUpMs: quick ? 5_000 : 10_000,
    connections: numberOf('connections', values.connections, 16, 1, 32),
    documents,
    clients,
  };
}
