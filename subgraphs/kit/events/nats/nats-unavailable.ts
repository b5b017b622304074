/** NATS cannot be used now; the message says why, without credentials. */
export class NatsUnavailable extends Error {}
