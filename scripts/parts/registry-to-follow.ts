import { basename } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type {
  HealthCheck,
  PublishedSupergraph,
  PublishedSupergraphs,
  SchemaRegistryPort,
  SupergraphVersion,
} from '@inevitable/contract';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';

/** Which supergraph a gateway serves, and how it hears of another. */
export interface RegistryToFollow extends SchemaRegistryPort {
  /** One line that says with which supergraph the gateway began, and why. For after it has. */
  servesInWords(): Promise<string>;
  /** What `/ready` says of the registry: it may be silent, which leaves a gateway as good as it was. */
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

const PART = 'schema registry';
/** Operations may be starting beside the gateway: what was published is worth this wait. */
const ANSWERS_WITHIN_MS = 5_000;
const ASK_EVERY_MS = 200;

/**
 * The version published last; what supergraph.yaml composes to where nothing was published, where the registry does not
 * answer, and where the published version does not load. `published` is followed whatever was begun with. Null
 * (SUPERGRAPH_SOURCE=files): supergraph.yaml alone. `patienceMs`: how long a registry that does not answer is asked again.
 */
export function registryToFollow(
  settings: Settings,
  files: SchemaRegistryPort,
  published: PublishedSupergraphs | null,
  log: Logger,
  { patienceMs = ANSWERS_WITHIN_MS }: { readonly patienceMs?: number } = {},
): RegistryToFollow {
  const file = basename(settings.supergraphConfig);
  if (!published) {
    return {
      current: () => files.current(),
      servesInWords: () => Promise.resolve(`supergraph: what ${file} composes to (SUPERGRAPH_SOURCE=files)`),
      checks: {},
    };
  }

  let problem: string | null = null;
  let begun: { readonly version: PublishedSupergraph } | { readonly becauseOf: string } = {
    becauseOf: 'it is starting',
  };

  function problemIs(now: string | null): void {
    if (now !== null && problem === null) log.warn({ reason: now }, 'The schema registry is not heard; trying again.');
    if (now === null && problem !== null) log.info('The schema registry is heard again.');
    problem = now;
  }

  const beginWithFiles = (becauseOf: string): Promise<SupergraphVersion> => {
    begun = { becauseOf };
    return files.current();
  };

  return {
    async current() {
      let version: PublishedSupergraph | null;
      try {
        version = await answerOf(published, patienceMs);
      } catch (error) {
        problemIs((error as Error).message);
        return beginWithFiles(`until the registry answers: ${problem}`);
      }
      if (!version) return beginWithFiles('as nothing is published');
      begun = { version };
      return version;
    },
    async instead(unusable, { message }) {
      if (!('version' in begun) || begun.version.id !== unusable.id) return null;
      const { number } = begun.version;
      log.error({ version: number, reason: message }, `A published supergraph does not load: ${file} is served.`);
      return beginWithFiles(`because version ${number} of the registry does not load: ${message}`).catch(() => null);
    },
    watch: (onVersion) => published.watch(onVersion, problemIs),
    async servesInWords() {
      if ('becauseOf' in begun) return `supergraph: what ${file} composes to, ${begun.becauseOf}`;
      const { number, id } = begun.version;
      const served = `supergraph: version ${number} of the registry`;
      const composed = await files.current().catch(() => null);
      if (!composed) return `${served}; ${file} does not compose ("stack compose" says why)`;
      return composed.id === id ? served : `${served}; ${file} composes to another one ("stack diff" says how)`;
    },
    checks: {
      [PART]: () => ({
        name: PART,
        ready: true,
        reason: problem && `${problem} The gateway stays on the supergraph it has, until the registry answers.`,
      }),
    },
  };
}

async function answerOf(published: PublishedSupergraphs, patienceMs: number): Promise<PublishedSupergraph | null> {
  const giveUpAt = Date.now() + patienceMs;
  for (;;) {
    try {
      return await published.current();
    } catch (error) {
      if (Date.now() >= giveUpAt) throw error;
      await pause(ASK_EVERY_MS);
    }
  }
}
