import type { Revocation, RevocationFeed, RevocationPage } from '@inevitable/contract';
import type { SystemDatabase } from '../store/system-database.js';
import { IS_FORGOTTEN } from './append-revocations.js';

/** One tiny read per process while anyone waits: no notification exists that could be lost. */
const POLL_MS = 250;

export interface OpenRevocationFeed extends RevocationFeed {
  /** Ends every wait. */
  close(): void;
}

interface Waiter {
  readonly after: number;
  /** `error`: the head could not be read, and the gateway must not take silence for "nothing revoked". */
  wake(error?: unknown): void;
}

export function openRevocationFeed({ rows }: SystemDatabase): OpenRevocationFeed {
  const waiting = new Set<Waiter>();
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  async function poll(): Promise<void> {
    try {
      const [head] = await rows<{ sequence: string }>('select sequence from revocation_head');
      for (const waiter of waiting) if (Number(head!.sequence) > waiter.after) waiter.wake();
    } catch (error) {
      for (const waiter of waiting) waiter.wake(error);
    }
    timer = null;
    if (waiting.size > 0) schedule();
  }

  function schedule(): void {
    timer ??= setTimeout(() => void poll(), POLL_MS).unref();
  }

  /** Returns when the head is past `after`, when `waitMs` are over, when `signal` aborts or when the feed closes. */
  function newer(after: number, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = () => waiter.wake();
      const deadline = setTimeout(giveUp, waitMs);
      const waiter: Waiter = {
        after,
        wake(error) {
          waiting.delete(waiter);
          clearTimeout(deadline);
          signal.removeEventListener('abort', giveUp);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      signal.addEventListener('abort', giveUp);
      waiting.add(waiter);
      schedule();
    });
  }

  /** Asked again after every await: nobody is told when it happens meanwhile. */
  const over = (signal: AbortSignal): boolean => closed || signal.aborted;

  return {
    async since(sequence, waitMs, signal) {
      signal.throwIfAborted();
      const page = await readPage(rows, sequence);
      if (page.sequence !== sequence || waitMs === 0) return page;
      if (!over(signal)) await newer(sequence, waitMs, signal);
      return over(signal) ? page : readPage(rows, sequence);
    },
    close() {
      closed = true;
      if (timer) clearTimeout(timer);
      for (const waiter of waiting) waiter.wake();
    },
  };
}

/** So many entries make 1 MB: what a gateway takes in within a blink. */
const PAGE = 10_000;

/** Head and entries in one snapshot; of more than a page the first, up to where it goes. A reader ahead of the head (a restored database) starts over from 0. */
async function readPage(rows: SystemDatabase['rows'], sequence: number): Promise<RevocationPage> {
  const [page] = await rows<{ sequence: string; revocations: Revocation[] }>(
    `select h.sequence, coalesce((
       select json_agg(json_build_object('sequence', r.sequence, 'subject', r.subject, 'id', r.id) order by r.sequence)
       from (select * from revocations r
       where r.sequence > case when $1::bigint > h.sequence then 0 else $1::bigint end and not ${IS_FORGOTTEN}
       order by r.sequence limit ${PAGE}) r), '[]') as revocations
     from revocation_head h`,
    [sequence],
  );
  const { revocations } = page!;
  const head = Number(page!.sequence);
  return { sequence: revocations.length < PAGE ? head : revocations.at(-1)!.sequence, revocations };
}
