/** Where a platform waits for its generation: nothing else happens to it, but that it is deleted. */
export const UNDER_WAY = ['QUEUED', 'GENERATING'];
/** Where the last generation is over, and the platform in use. */
export const IN_USE = ['READY', 'FAILED', 'EXPIRED'];
/** Where a generation is not over. */
export const OPEN = ['QUEUED', 'RUNNING'];
