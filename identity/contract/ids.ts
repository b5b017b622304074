import { BadUserInput } from './errors.js';

declare const brand: unique symbol;
type Id<Name extends string> = string & { readonly [brand]: Name };

export type TenantId = Id<'tenant'>;
export type UserId = Id<'user'>;
export type SessionId = Id<'session'>;
export type ApiKeyId = Id<'apiKey'>;

/** `<product>:<things>:<verb>`, for example `starter:notes:write`. */
export type Permission = string;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for a lower-case UUID. A resolver answers for a malformed id exactly as for an unknown one. */
export const isUuid = (text: string): boolean => UUID.test(text);

function parseId<Name extends string>(name: Name, text: string): Id<Name> {
  if (!isUuid(text)) throw new BadUserInput(`That is not a ${name} id.`, name);
  return text as Id<Name>; // the only cast: the check above earns the brand
}

/** Reads an id from outside text; throws `BadUserInput`. After this, nobody checks again. */
export const parseTenantId = (text: string): TenantId => parseId('tenant', text);
export const parseUserId = (text: string): UserId => parseId('user', text);
export const parseSessionId = (text: string): SessionId => parseId('session', text);
export const parseApiKeyId = (text: string): ApiKeyId => parseId('apiKey', text);
