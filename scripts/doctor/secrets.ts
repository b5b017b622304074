/** Variables whose value is never shown. */
const SECRET = /KEY|SECRET|PASSWORD|TOKEN/;
const ADDRESS = /URL|URI|ENDPOINT/;

/** A setting's value as it may be shown: secrets not at all, addresses without login and without what follows `?`. */
export function maskedSetting(name: string, value: string): string {
  if (SECRET.test(name)) return '(set, not shown)';
  if (!ADDRESS.test(name)) return value;
  if (!URL.canParse(value)) return '(set, not shown)';
  const url = new URL(value);
  const login = url.username || url.password ? '***@' : '';
  return `${url.protocol}//${login}${url.host}${url.pathname === '/' ? '' : url.pathname}`;
}

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
    if (!URL.canParse(address)) {
      this.add(address);
      return;
    }
    const { username, password, search } = new URL(address);
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

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
