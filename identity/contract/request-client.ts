/** Carry what the gateway saw of its client to a subgraph; a client's headers of these names are dropped. */
export const CLIENT_ADDRESS_HEADER = 'x-inevitable-client-address';
export const CLIENT_AGENT_HEADER = 'x-inevitable-client-agent';

/** Where a request came from, as the gateway saw it. Nothing that is signed; what is decided by it can be guessed. */
export interface RequestClient {
  /** IPv4 or IPv6 of the last hop that is not one of our own proxies; null: nobody's in particular, a job's. */
  readonly address: string | null;
  /** `User-Agent`, at most 200 characters. */
  readonly agent: string | null;
}

export const NO_CLIENT: RequestClient = Object.freeze({ address: null, agent: null });
