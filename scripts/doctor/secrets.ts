import { decoded } from './decoded.js';

/** Variables whose value is never shown. */
const SECRET = /KEY|SECRET|PASSWORD|TOKEN|HEADERS/;
const ADDRESS = /URL|URI|ENDPOINT/;

/** A setting's value as it may be shown: secrets not at all, addresses without login and without what follows `?`. */
export function maskedSetting(name: string, value: string): string {
  if (SECRET.test(name)) return '(set, not shown)';
  if (!ADDRESS.test(name)) return value;
  const hosts = hostsIn(value);
  if (!URL.canParse(hosts ? ofOneHost(value) : value)) return '(set, not shown)';
  const url = new URL(hosts ? ofOneHost(value) : value);
  const login = url.username || url.password ? '***@' : '';
  return `${url.protocol}//${login}${hosts ?? url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

const MONGO = /^(mongodb(?:\+srv)?:\/\/(?:[^/]*@)?)([^/?]*)/;

/** MongoDB's may name several, and is no URL then. */
const hostsIn = (address: string): string | undefined => MONGO.exec(address)?.[2];

const ofOneHost = (address: string): string => address.replace(MONGO, '$1host');

/**
 * Takes every secret of the environment, and those that are told of as they are read, out of a text: what a library says of
 * its failure may repeat one. Texts of less than four characters are left, as they are in every other word.
 */
export class Scrubber {
  readonly #secrets = new Set<string>();

  constructor(env: NodeJS.ProcessEnv, isSetting: (name: string) => boolean) {
    for (const [name, value] of Object.entries(env)) {
      if (!value || !isSetting(name)) continue;
      if (SECRET.test(name)) this.add(value);
      if (ADDRESS.test(name)) this.addLogin(value);
    }
  }

  add(secret: string): void {
    for (const form of [secret, encodeURIComponent(secret)]) if (form.length >= 4) this.#secrets.add(form);
  }

  /** Of an address: its password, its search, and all before the `@` where it is a token. */
  addLogin(address: string): void {
    const parsed = hostsIn(address) ? ofOneHost(address) : address;
    if (!URL.canParse(parsed)) {
      this.add(address);
      return;
    }
    const { username, password, search } = new URL(parsed);
    for (const secret of [password, ...(password ? [] : [username]), search.slice(1)]) {
      if (!secret) continue;
      this.add(secret);
      this.add(decoded(secret));
    }
  }

  clean(text: string): string {
    // The longest first: one may be part of another.
    return [...this.#secrets]
      .sort((a, b) => b.length - a.length)
      .reduce((cleaned, secret) => cleaned.replaceAll(secret, '***'), text);
  }
}
