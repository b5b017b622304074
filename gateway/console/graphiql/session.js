/** A token is renewed this long before it ends: an operation that begins now must still be believed. Milliseconds. */
const RENEW_BEFORE_MS = 30_000;

/**
 * @typedef {{ email: string, accessToken: string, refreshToken: string | null, expiresAt: number }} Kept
 *   who is signed in, and until when the access token holds (epoch milliseconds)
 * @typedef {{ kind: 'signedIn' } | { kind: 'tenantNeeded', message: string } | { kind: 'refused', message: string }} Entry
 */

/**
 * Who is signed in on this page, by `/auth/login`, `/auth/refresh` and `/auth/logout`.
 *
 * @param {{ post: (path: string, body: object) => Promise<{ status: number, body: any }>, now?: () => number,
 *   kept?: Kept | null }} options `post` rejects where nobody answers
 */
export function createSession({ post, now = Date.now, kept = null }) {
  /** @type {Kept | null} */
  let current = kept;
  /** Of this sign-in: another set is another one. @type {Set<string>} */
  let tokens = new Set(kept ? [kept.accessToken] : []);
  const listeners = new Set();
  const become = (next) => {
    current = next;
    for (const listener of listeners) listener();
  };
  const until = (seconds) => now() + seconds * 1_000;

  /** One at a time: a refresh token is good for one use. @type {Promise<void> | null} */
  let renewing = null;
  const renew = () => (renewing ??= renewOnce().finally(() => (renewing = null)));

  async function renewOnce() {
    const before = current;
    if (!before?.refreshToken) return void (before && become(null));
    const { status, body } = await post('/auth/refresh', { refreshToken: before.refreshToken });
    if (current !== before) return; // signed out, or somebody else signed in meanwhile
    if (status === 200) {
      const { accessToken, refreshToken = before.refreshToken, expiresIn } = body;
      tokens.add(accessToken);
      become({ ...before, accessToken, refreshToken, expiresAt: until(expiresIn) });
    } else if (status < 500) {
      become(null); // the session is over; a server that cannot answer now says nothing about it
    }
  }

  return {
    /** The e-mail address, or null. */
    get email() {
      return current?.email ?? null;
    },
    /** What has to be kept to go on after the page was loaded anew. */
    get kept() {
      return current;
    },
    /** Answers a function that ends it. */
    onChange(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    /** @returns {Promise<Entry>} */
    async signIn({ email, password, tenant }) {
      const { status, body } = await post('/auth/login', { email, password, ...(tenant && { tenant }) });
      if (status === 200) {
        const { accessToken, refreshToken = null, expiresIn } = body;
        tokens = new Set([accessToken]);
        become({ email, accessToken, refreshToken, expiresAt: until(expiresIn) });
        return { kind: 'signedIn' };
      }
      const { code, message = 'Signing in failed.' } = body?.error ?? {};
      return { kind: code === 'BAD_USER_INPUT' && !tenant ? 'tenantNeeded' : 'refused', message };
    },
    /** A token that holds for a while, or null: nobody is signed in, or somebody else is by now. */
    async accessToken() {
      const own = tokens;
      if (current && current.expiresAt - now() < RENEW_BEFORE_MS) await renew();
      return tokens === own ? (current?.accessToken ?? null) : null;
    },
    /** The gateway did not believe `refused`: another token of the same sign-in, or null when there is none. */
    async otherToken(refused) {
      const own = tokens;
      if (!own.has(refused)) return null;
      if (current?.accessToken === refused) await renew();
      return tokens === own && current && current.accessToken !== refused ? current.accessToken : null;
    },
    async signOut() {
      const before = current;
      become(null);
      if (before?.refreshToken)
        await post('/auth/logout', { refreshToken: before.refreshToken }).catch(() => undefined);
    },
  };
}
