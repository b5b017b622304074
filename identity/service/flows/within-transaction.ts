import type { Rows } from '../store/system-database.js';
import type { FlowDeps } from './flow-deps.js';

/** For flows that are part of something larger, and kept or undone with it: a second connection could be waited for in vain. */
export const withinTransaction = (rows: Rows, deps: FlowDeps): FlowDeps => ({
  ...deps,
  db: { ...deps.db, rows, transaction: (work) => work(rows) },
});
