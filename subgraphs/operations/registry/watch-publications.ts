import type { PublishedSupergraph, PublishedSupergraphs } from '@inevitable/contract';
import { listen, type Listener, type ListenOptions } from '@inevitable/kit/host';

/** Where nothing is heard, because the connection that listens is lost. */
const LOOK_EVERY_MS = 2_000;

const LATEST_POSITION = 'select position from schema_publications order by position desc limit 1';

const LATEST_VERSION = `
  select p.position, v.number, v.supergraph_sha256 as id, t.text as sdl
  from schema_publications p
    join schema_versions v on v.number = p.version
    join schema_texts t on t.sha256 = v.supergraph_sha256
  order by p.position desc limit 1`;

interface Latest extends PublishedSupergraph {
  readonly position: number;
}

interface Watcher {
  readonly onVersion: (version: PublishedSupergraph) => void;
  readonly onProblem: (problem: string | null) => void;
  /** The number of the version it was told of last. */
  told: number | null;
  /** undefined: it was told nothing yet. */
  problem: string | null | undefined;
}

export interface WatchedPublications extends Pick<PublishedSupergraphs, 'watch'> {
  close(): Promise<void>;
}

/** Runs one statement; answers its rows. */
export type Query = <Row extends object>(statement: string, values?: unknown[]) => Promise<Row[]>;

interface WatchSources {
  readonly query: Query;
  readonly systemUrl: string;
  readonly log: ListenOptions['log'];
}

/** One connection listens for all watchers, from the first one on until the last one has ended. */
export function watchPublications({ query, systemUrl, log }: WatchSources): WatchedPublications {
  const watchers = new Set<Watcher>();
  let latest: Latest | null = null;
  let listener: Listener | null = null;
  let looking: NodeJS.Timeout | undefined;
  let look: Promise<void> | null = null;
  let lookAgain = false;

  async function readLatest(): Promise<void> {
    const [newest] = await query<{ position: number }>(LATEST_POSITION);
    if (!newest || newest.position === latest?.position) return;
    // The text is read only when there is another one: it may have megabytes.
    [latest] = (await query<Latest>(LATEST_VERSION)) as [Latest];
  }

  function tell(problem: string | null): void {
    for (const watcher of watchers) {
      if (watcher.problem !== problem) watcher.onProblem((watcher.problem = problem));
      if (problem !== null || !latest || watcher.told === latest.number) continue;
      const { number, id, sdl } = latest;
      watcher.told = number;
      watcher.onVersion({ number, id, sdl });
    }
  }

  /** One look at a time; what is heard meanwhile makes one more of them. */
  function lookNow(): void {
    if (look) {
      lookAgain = true;
      return;
    }
    lookAgain = false;
    look = readLatest()
      .then(
        () => tell(null),
        (error: Error) => tell(`the database of operations does not answer: ${error.message}`),
      )
      .finally(() => {
        look = null;
        if (lookAgain && watchers.size) lookNow();
      });
  }

  function begin(): void {
    listener = listen({
      url: systemUrl,
      channel: 'operations_schema',
      heard: lookNow,
      what: 'schema publications',
      log,
    });
    looking = setInterval(lookNow, LOOK_EVERY_MS);
    looking.unref();
  }

  async function end(): Promise<void> {
    clearInterval(looking);
    const last = listener;
    listener = null;
    await last?.stop();
  }

  let ended: Promise<void> = Promise.resolve();
  return {
    watch(onVersion, onProblem = () => undefined) {
      const watcher: Watcher = { onVersion, onProblem, told: null, problem: undefined };
      watchers.add(watcher);
      if (watchers.size === 1) begin();
      lookNow();
      return () => {
        if (watchers.delete(watcher) && !watchers.size) ended = end();
      };
    },
    async close() {
      watchers.clear();
      await Promise.all([ended, end()]);
      await look;
    },
  };
}
