/** Jobs are not moved, or not to their end; the message says why, and what to do. */
export class MoveRefused extends Error {}
