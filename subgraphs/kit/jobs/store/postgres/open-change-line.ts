import type { Logger } from 'pino';
import { listen } from '../../../database/listen.js';
import { newId } from '../../../graph/new-id.js';
import type { ChangeLine, HeardChanges } from '../job-desk-watch.js';
import type { JobState } from '../seen-jobs.js';

const CHANNEL = { query: 'select name from jobs.change_channel' };

/** One connection that listens. `readerUrl`: of the reading role. */
export const openChangeLine = (readerUrl: string, heard: HeardChanges, log: Logger): ChangeLine =>
  listen({
    url: readerUrl,
    channel: CHANNEL,
    // The store tells nobody while nobody says that they listen.
    ask: `select jobs.watch_changes('${newId()}')`,
    heard: (payload) => heard(payload === null ? null : changesIn(payload)),
    what: 'changes of jobs',
    log,
  });

/** `payload`: [[id, state, tenant or null, name], …] */
const changesIn = (payload: string) =>
  (JSON.parse(payload) as [string, JobState, string | null, string][]).map(([id, state, tenantId, name]) => ({
    id,
    state,
    tenantId,
    name,
  }));
