import type { ClientSeen } from '@inevitable/contract';
import type { OperationSeen } from '../extensions/gateway-extension.js';

const HOUR_MS = 3_600_000;
const LONGEST = 100;
/** Names with their versions, within an hour. A company has dozens; whoever makes up names has as many as requests. */
const MOST_CLIENTS = 1_000;
/** Of these, those that only callers of no tenant brought, who may be anybody. */
const MOST_OF_NO_TENANT = 200;
/** What names and versions are made of. Nothing of it means anything to a terminal, or in the log of a CI. */
const PLAIN = /^[A-Za-z0-9](?:[A-Za-z0-9 ._\-/@+()]{0,98}[A-Za-z0-9._\-/@+()])?$/;
const NOT_PLAIN = /[^A-Za-z0-9 ._\-/@+()]/g;

/** A client within one hour. */
export interface Client extends ClientSeen {
  /** Its beginning, epoch milliseconds. */
  readonly hour: number;
}

const clientOf = (name: string, version: string, hour: number): Client =>
  Object.freeze({ name: name || null, version: version || null, hour });

/**
 * Tells clients by what they say of themselves. Those beyond the thousandth of an hour say nothing: callers of no tenant take
 * no others' names.
 */
export class ClientsSeen {
  #byName = new Map<string, Map<string, Client>>();
  #count = 0;
  #ofNoTenant = 0;
  #unknown = clientOf('', '', 0);

  /** One object for each client, as long as the hour lasts. `time`: epoch milliseconds. */
  of(header: OperationSeen['header'], time: number, isOfTenant: boolean): Client {
    const name = header('apollographql-client-name') ?? header('x-graphql-client-name');
    const version = header('apollographql-client-version') ?? header('x-graphql-client-version');
    const { hour } = this.#unknown;
    if (time < hour || time >= hour + HOUR_MS) this.#begin(time - (time % HOUR_MS));
    if (name === undefined && version === undefined) return this.#unknown;
    // What is known is plain: most are found without looking at what their names are made of.
    return this.#known(name ?? '', version ?? '') ?? this.#add(plain(name), plain(version), isOfTenant);
  }

  #known(name: string, version: string): Client | undefined {
    return this.#byName.get(name)?.get(version);
  }

  #add(name: string, version: string, isOfTenant: boolean): Client {
    const known = this.#known(name, version);
    if (known) return known;
    const isFull = this.#count >= MOST_CLIENTS || (!isOfTenant && this.#ofNoTenant >= MOST_OF_NO_TENANT);
    if (isFull || (!name && !version)) return this.#unknown;
    this.#count++;
    if (!isOfTenant) this.#ofNoTenant++;
    const client = clientOf(name, version, this.#unknown.hour);
    const versions = this.#byName.get(name);
    if (versions) versions.set(version, client);
    else this.#byName.set(name, new Map([[version, client]]));
    return client;
  }

  #begin(hour: number): void {
    this.#byName = new Map();
    this.#count = 0;
    this.#ofNoTenant = 0;
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
