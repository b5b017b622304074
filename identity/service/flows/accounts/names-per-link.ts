import type { AttemptLimit } from '../../throttling/claim-attempts.js';

/** Whoever uses a link may look for a name that is free with it, and not read the list of those that are taken. */
export const NAMES_PER_LINK: AttemptLimit = { attempts: 20, windowSeconds: 86_400 };
