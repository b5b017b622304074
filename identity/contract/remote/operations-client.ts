import { setTimeout as pause } from 'node:timers/promises';
import type { PublishedSupergraph } from '../ports/published-supergraphs.js';
import type { OperationUsage } from '../ports/usage-port.js';
import {
  LARGEST_USAGE_BATCH,
  operationsApi,
  OPERATIONS_AUDIENCE,
  type OperationsInput,
  type OperationsOutput,
  type OperationsPorts,
} from './operations-api.js';
import { peerClient } from './peer-client.js';
import type { ServiceCredential } from './service-assertion.js';

/** Shorter than what proxies take for a dead connection. */
const POLL_WAIT_MS = 20_000;
/** Between two polls; also what keeps a peer that answers at once from being asked in a tight loop. */
const POLL_PAUSE_MS = 20;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 1_000;
/** Characters of JSON in one request: far below what operations takes, and read there without holding up others. */
const REQUEST_CHARACTERS = 4_000_000;

/**
 * Operations' ports over HTTP, for a gateway in a process of its own. Throws `PeerFailed` when operations does not answer,
 * refuses the credential, or answers off its contract, and `BadUserInput` for a batch it does not take.
 */
export function operationsClient(url: string, credential: ServiceCredential): OperationsPorts {
  const call = peerClient({ name: 'Operations', audience: OPERATIONS_AUDIENCE, api: operationsApi, url }, credential);

  /** Asks until `signal`; the first answer tells of the version that is current then. */
  async function follow(
    onVersion: (version: PublishedSupergraph) => void,
    onProblem: (problem: string | null) => void,
    signal: AbortSignal,
  ): Promise<void> {
    let after: string | null = null;
    let isHeard = false;
    let failures = 0;
    while (!signal.aborted) {
      try {
        const waitMs = isHeard ? POLL_WAIT_MS : 0; // so that a problem is over as soon as it is
        const { version }: OperationsOutput<'supergraph'> = await call(
          'supergraph',
          { after, waitMs },
          { waitMs, signal },
        );
        if (signal.aborted) return;
        if (!isHeard) onProblem(null);
        [isHeard, failures] = [true, 0];
        if (version) {
          after = version.id;
          onVersion(version);
        }
      } catch (error) {
        if (signal.aborted) return;
        [isHeard, failures] = [false, failures + 1];
        onProblem((error as Error).message);
      }
      const pauseMs = failures === 0 ? POLL_PAUSE_MS : Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
      await pause(pauseMs, undefined, { signal, ref: false }).catch(() => undefined); // rejects only when aborted
    }
  }

  return {
    registry: {
      current: async () => (await call('supergraph', { after: null, waitMs: 0 })).version,
      watch(onVersion, onProblem = () => undefined) {
        const stop = new AbortController();
        void follow(onVersion, onProblem, stop.signal);
        return () => stop.abort();
      },
    },
    usage: {
      async record(batch, leftOut = false) {
        if (leftOut && batch.length === 0) return void (await call('usage', { batch: [], leftOut }));
        let kept = false;
        for (const part of requestsOf(batch)) {
          try {
            await call('usage', { batch: part, leftOut });
          } catch (error) {
            // Once more is all there is for the rest: a batch that is refused is sent again whole, and would count twice.
            if (!kept) throw error;
            await call('usage', { batch: part, leftOut }).catch(() => undefined);
          }
          kept = true;
        }
      },
    },
    traffic: {
      async record(batch) {
        await call('traffic', batch as OperationsInput<'traffic'>); // read-only lists are the same JSON
      },
    },
  };
}

/** The batch in as many parts as requests are needed. */
function* requestsOf(batch: readonly OperationUsage[]): Generator<OperationsInput<'usage'>['batch']> {
  let part: OperationsInput<'usage'>['batch'] = [];
  let characters = 0;
  for (const entry of batch) {
    const size = JSON.stringify(entry).length;
    if (part.length > 0 && (part.length >= LARGEST_USAGE_BATCH || characters + size > REQUEST_CHARACTERS)) {
      yield part;
      [part, characters] = [[], 0];
    }
    part.push({ ...entry, inputs: [...entry.inputs] });
    characters += size;
  }
  if (part.length > 0) yield part;
}
