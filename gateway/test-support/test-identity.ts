import { generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import {
  ACCESS_TOKEN_AUDIENCE,
  ACCESS_TOKEN_TYPE,
  type ApiKeysPort,
  type IdentityPorts,
  type PresentedApiKey,
  type PublicJwk,
  type Revocation,
  type RevocationSubject,
} from '@inevitable/contract';
import jwt from 'jsonwebtoken';

export const ISSUER = 'http://identity.test';

export interface SigningKey {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly jwk: PublicJwk;
}

export function newSigningKey(kid: string = randomUUID()): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { x, y } = publicKey.export({ format: 'jwk' }) as { x: string; y: string };
  return { kid, privateKey, jwk: { kid, kty: 'EC', crv: 'P-256', x, y, alg: 'ES256', use: 'sig' } };
}

export interface TokenWish {
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly header?: Readonly<Record<string, unknown>>;
  readonly key?: SigningKey;
}

export const ADA = { sub: randomUUID(), sid: randomUUID(), tid: randomUUID() };

/** Identity in memory: real keys, a real long poll, and switches to take it away. */
export class TestIdentity {
  readonly #revocations: Revocation[] = [];
  readonly #waiting = new Set<() => void>();
  keys: SigningKey[] = [newSigningKey()];
  registered: { key: PublicJwk; ttlSeconds: number }[] = [];
  settingsAsked = 0;
  /** What every port answers while set. */
  down: Error | null = null;
  issuer = ISSUER;
  apiKeysAsked: PresentedApiKey[] = [];
  /** What it answers about the keys it is asked for. */
  apiKeyVerdict: ApiKeysPort['verify'] = async () => ({ kind: 'refused' });

  readonly ports: IdentityPorts = {
    verification: {
      settings: async () => {
        this.settingsAsked++;
        this.#failWhenDown();
        return { issuer: this.issuer, keys: this.keys.map(({ jwk }) => jwk) };
      },
      registerContextKey: async (key, ttlSeconds) => {
        this.#failWhenDown();
        this.registered.push({ key, ttlSeconds });
      },
    },
    revocations: {
      since: async (sequence, waitMs, signal) => {
        this.#failWhenDown();
        if (waitMs > 0 && this.#after(sequence).length === 0) await this.#somethingNew(waitMs, signal);
        this.#failWhenDown();
        return { sequence: Math.max(sequence, this.position), revocations: this.#after(sequence) };
      },
    },
    apiKeys: {
      verify: async (presented) => {
        this.apiKeysAsked.push(presented);
        this.#failWhenDown();
        return this.apiKeyVerdict(presented);
      },
    },
    entitlements: {
      describe: refuse,
      reserve: refuse,
      commit: refuse,
      release: refuse,
      usage: refuse,
      reservations: refuse,
    },
    tenants: { find: refuse, active: refuse },
    audit: { append: refuse },
    tenantData: { open: refuse, done: refuse },
  };

  /** The feed's position now: what a token issued now carries as `rev`. */
  get position(): number {
    return this.#revocations.length;
  }

  revoke(subject: RevocationSubject, id: string): void {
    this.#revocations.push({ sequence: this.position + 1, subject, id });
    for (const wake of this.#waiting) wake();
  }

  takeDown(reason: string): void {
    this.down = new Error(reason);
    for (const wake of this.#waiting) wake();
  }

  accessToken({ claims = {}, header = {}, key = this.keys[0]! }: TokenWish = {}): string {
    const now = Math.floor(Date.now() / 1_000);
    const all = {
      iss: ISSUER,
      aud: ACCESS_TOKEN_AUDIENCE,
      ...ADA,
      roles: ['member'],
      scope: 'starter:notes:read starter:notes:write',
      plan: 'free',
      ent: 'digest-1',
      amr: ['pwd'],
      auth_time: now,
      rev: this.position,
      iat: now,
      exp: now + 900,
      jti: randomUUID(),
      ...claims,
    };
    return jwt.sign(all, key.privateKey, {
      algorithm: 'ES256',
      header: { alg: 'ES256', typ: ACCESS_TOKEN_TYPE, kid: key.kid, ...header },
    });
  }

  #after = (sequence: number): Revocation[] => this.#revocations.filter((revocation) => revocation.sequence > sequence);

  #failWhenDown(): void {
    if (this.down) throw this.down;
  }

  #somethingNew(waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const wake = () => {
        this.#waiting.delete(wake);
        clearTimeout(timer);
        if (signal.aborted) reject(signal.reason as Error);
        else resolve();
      };
      const timer = setTimeout(wake, waitMs);
      this.#waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}

function refuse(): never {
  throw new Error('The gateway asked for something it has no business with.');
}
