import type { GatewayExtension } from '../extensions/gateway-extension.js';

/** What stands before an operation is run, in the order in which it is asked: what is cheap to say first, what waits last. */
export const protection = (): readonly GatewayExtension[] => [];
