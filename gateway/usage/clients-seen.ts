import type { ClientSeen } from '@inevitable/contract';
import type { OperationSeen } from '../extensions/gateway-extension.js';

const LONGEST = 100;
/** Names with their versions, within an hour. A company has dozens; whoever makes up names has as many as requests. */
const MOST_CLIENTS = 1_000;
/** What names and versions are made of. Nothing of it means anything to a terminal, or in the log of a CI. */
const PLAIN = /^[A-Za-z0-9](?:[A-Za-z0-9 ._\-/@+()]{0,98}[A-Za-z0-9._\-/@+()])?$/;
const NOT_PLAIN = /[^A-Za-z0-9 ._\-/@+()]/g;

/** A client within one hour. */
export interface Client extends ClientSeen {
  /** Its beginning, epoch milliseconds. */
  readonly hour: number;
  /** Another one for each client and hour: made once, because writing the hour out takes as long as all else together. */
  readonly key: string;
}

const clientOf = (name: string, version: string, hour: number): Client =>
  Object.freeze({ name: name || null, version: version || null, hour, key: `${hour}\n${name}\n${version}\n` });

/** Tells clients by what they say of themselves. Those beyond the thousandth of an hour say nothing. */
export class ClientsSeen {
  #byName = new Map<string, Map<string, Client>>();
  #count = 0;
  #unknown = clientOf('', '', 0);

  /** `hour`: its beginning, epoch milliseconds. */
  of(header: OperationSeen['header'], hour: number): Client {
    const name = header('apollographql-client-name') ?? header('x-graphql-client-name');
    const version = header('apollographql-client-version') ?? header('x-graphql-client-version');
    if (hour !== this.#unknown.hour) this.#forget(hour);
    if (name === undefined && version === undefined) return this.#unknown;
    return this.#known(plain(name), plain(version));
  }

  #known(name: string, version: string): Client {
    const known = this.#byName.get(name)?.get(version);
    if (known) return known;
    if (this.#count >= MOST_CLIENTS || (!name && !version)) return this.#unknown;
    this.#count++;
    const client = clientOf(name, version, this.#unknown.hour);
    const versions = this.#byName.get(name);
    if (versions) versions.set(version, client);
    else this.#byName.set(name, new Map([[version, client]]));
    return client;
  }

  #forget(hour: number): void {
    this.#byName = new Map();
    this.#count = 0;
    this.#unknown = clientOf('', '', hour);
  }
}

/** At most 100 plain characters of it. Empty: it says nothing. */
function plain(text: string | undefined): string {
  if (text === undefined || PLAIN.test(text)) return text ?? '';
  return text
    .slice(0, 10 * LONGEST)
    .replace(NOT_PLAIN, '')
    .trim()
    .slice(0, LONGEST)
    .trimEnd();
}
