import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { isUuid, type ApiKeyId } from './ids.js';
import type { DeploymentContext } from './request-context.js';

/** What a client presents: `ick_<live|test>_<id>_<secret>_<crc>`. */
export interface ApiKeyParts {
  /** A key of the one is none in the other. */
  readonly deployment: DeploymentContext;
  readonly id: ApiKeyId;
  /** 43 characters. */
  readonly secret: string;
}

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 43 of 62 digits are 256 bits. Letters and digits alone: nothing breaks a double click, or ends a link. */
const SECRET_DIGITS = 43;
const ENVIRONMENT: Readonly<Record<DeploymentContext, string>> = { customer: 'live', internal: 'test' };
const API_KEY = /^(ick_(live|test)_([0-9a-f]{32})_([0-9A-Za-z]{43}))_([0-9a-f]{8})$/;

/** Every key has as many characters. */
export const API_KEY_LENGTH = 94;
/** What begins like a key is meant to be one. */
export const API_KEY_PREFIX = 'ick_';

/** 256 random bits. */
export const newApiKeySecret = (): string =>
  Array.from({ length: SECRET_DIGITS }, () => DIGITS[randomInt(DIGITS.length)]).join('');

/** What is stored and sent of a secret: base64url of its SHA-256. It is random, so one fast round is enough. */
export const apiKeySecretHash = (secret: string): string => createHash('sha256').update(secret).digest('base64url');

export function printApiKey({ deployment, id, secret }: ApiKeyParts): string {
  const body = `${API_KEY_PREFIX}${ENVIRONMENT[deployment]}_${id.replaceAll('-', '')}_${secret}`;
  return `${body}_${checksum(body)}`;
}

/** null: it is no key, whoever made it. The checksum finds any change of one character, and needs nobody to be asked. */
export function parseApiKey(text: string): ApiKeyParts | null {
  const [, body, environment, hex, secret, crc] = API_KEY.exec(text) ?? [];
  if (body === undefined || hex === undefined || secret === undefined || crc !== checksum(body)) return null;
  const id = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  if (!isUuid(id)) return null;
  return { deployment: environment === ENVIRONMENT.customer ? 'customer' : 'internal', id: id as ApiKeyId, secret };
}

/** CRC-32 (ISO 3309), eight hexadecimal digits. No protection against anyone: it tells a mistyped key from a revoked one. */
const checksum = (body: string): string => crc32(body).toString(16).padStart(8, '0');
