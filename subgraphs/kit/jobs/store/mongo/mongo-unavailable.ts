import {
  MongoCompatibilityError,
  MongoNetworkTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  type MongoClient,
  type TopologyDescription,
} from 'mongodb';

/** The server of MONGODB_URI is not there, too old, or not what it has to be; the message says which, and what to do. */
export class MongoUnavailable extends Error {}

const UNAUTHORIZED = 13;
const AUTHENTICATION_FAILED = 18;

/** Nothing of it is repeated that may be a password. */
export function unreadableUri(url: string, cause: unknown): MongoUnavailable {
  const reason = (cause as Error).message;
  // Where a character is wrong, what stands before the host may have been read as a host, or as anything else.
  const [, mayBePassword = ''] = /\/\/([^?]*)/.exec(url) ?? [];
  const isTelling = mayBePassword.split(/\W+/).some((part) => part.length > 2 && reason.includes(part));
  return new MongoUnavailable(
    `MONGODB_URI cannot be read${isTelling ? '' : ` (${reason})`}: it has to be like mongodb://user:password@host/database, with what is special in the password percent-encoded.`,
  );
}

/** Who is asked for what: without the password. */
export interface MongoPlace {
  /** "MongoDB at db.internal:27017 (database "jobs")". */
  readonly name: string;
  readonly database: string;
  /** "user "ada""; without a name where it is proved by other means. */
  readonly user: string;
}

export function placeOf({ options }: MongoClient, database: string): MongoPlace {
  const hosts = options.srvHost ?? options.hosts.map(String).join(',');
  return {
    name: `MongoDB at ${hosts} (database "${database}")`,
    database,
    user: options.credentials?.username ? `user "${options.credentials.username}"` : 'the user',
  };
}

/** What a failed command says of the server, in one sentence. */
export function whyUnavailable({ name, user }: MongoPlace, error: unknown): MongoUnavailable {
  if (error instanceof MongoUnavailable) return error;
  const because = (sentence: string): MongoUnavailable => new MongoUnavailable(sentence, { cause: error });
  const reason = reasonOf(error);
  if (isTooOld(error)) return because(`${name} is too old: jobs need MongoDB 4.4 or newer (${reason}).`);
  if (isRefusedLogin(error))
    return because(
      `${name} refuses ${user}: the password is wrong, or the user is unknown in the database that authSource names (${reason}).`,
    );
  if (needsLogin(error)) return because(`${name} wants a user and a password, and MONGODB_URI has none.`);
  if (error instanceof MongoServerSelectionError) return because(whyNobody(name, error));
  if (error instanceof MongoNetworkTimeoutError) return because(`${name} does not answer: ${reason}.`);
  if (error instanceof MongoServerError) return because(`${name} cannot keep jobs: it answers "${reason}".`);
  return because(`${name} is not there: ${reason}; start it, or correct MONGODB_URI.`);
}

export const isUnauthorized = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === UNAUTHORIZED && !needsLogin(error);

const needsLogin = (error: unknown): boolean =>
  error instanceof MongoServerError && error.code === UNAUTHORIZED && /requires? authentication/i.test(error.message);

const isRefusedLogin = (error: unknown): boolean =>
  [error, ...causesIn(error)].some((one) => one instanceof MongoServerError && one.code === AUTHENTICATION_FAILED);

const isTooOld = (error: unknown): boolean =>
  [error, ...causesIn(error)].some(
    (one) => one instanceof MongoCompatibilityError && one.message.includes('maximum wire version'),
  );

/** What each server of the set said, where none could be chosen. */
const causesIn = (error: unknown): readonly unknown[] =>
  error instanceof MongoServerSelectionError ? [...serversOf(error)].map((server) => server.error) : [];

const serversOf = (error: MongoServerSelectionError) =>
  (error.reason as TopologyDescription | undefined)?.servers.values() ?? [];

function whyNobody(name: string, error: MongoServerSelectionError): string {
  const { type, setName } = (error.reason ?? {}) as Partial<TopologyDescription>;
  const servers = [...serversOf(error)];
  const members = servers.filter((server) => server.type !== 'Unknown');
  if (type === 'ReplicaSetNoPrimary' && members.length)
    return `${name} has no primary now: the members of replica set "${setName}" that answer have not elected one.`;
  if (type === 'ReplicaSetNoPrimary' && !servers.length)
    return `${name} is no member of replica set "${setName}", which MONGODB_URI names.`;
  const reasons = [...new Set(servers.map((server) => server.error && reasonOf(server.error)))].filter(Boolean);
  return `${name} is not there: ${reasons.join(', ') || reasonOf(error)}; start it, or correct MONGODB_URI.`;
}

/** Of one line, without a full stop. */
const reasonOf = (error: unknown): string => (error as Error).message.split('\n', 1)[0]!.replace(/\.$/, '');
