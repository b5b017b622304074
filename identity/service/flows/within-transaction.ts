import type { Rows } from '../store/system-database.js';
import type { FlowDeps } from './flow-deps.js';

/** For flows of one statement, as part of something larger: a second connection could be waited for in vain. */
export const withinTransaction = (rows: Rows, deps: FlowDeps): FlowDeps => ({ ...deps, db: { ...deps.db, rows } });
