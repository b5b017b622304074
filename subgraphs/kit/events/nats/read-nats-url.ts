import type { NodeConnectionOptions } from '@nats-io/transport-node';

const DEFAULT_PORT = '4222';

/** What a URL says of a server, apart: the client takes no URL with a password, and an error must not repeat one. */
export interface NatsServer {
  /** Host and port, without credentials. */
  readonly place: string;
  readonly options: NodeConnectionOptions;
}

/** Reads `nats://` or `tls://`, with `user:password@`, `token@` or nothing before the host. Throws a `TypeError` for what is no URL. */
export function readNatsUrl(url: string): NatsServer {
  const { protocol, hostname, port, username, password } = new URL(url);
  const place = `${hostname}:${port || DEFAULT_PORT}`;
  const [user, pass] = [decoded(username), decoded(password)];
  return {
    place,
    options: {
      servers: place,
      ...(protocol === 'tls:' && { tls: {} }),
      ...(pass ? { user, pass } : user && { token: user }),
    },
  };
}

/** A password with a bare `%` in it is meant as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
