import { createHash } from 'node:crypto';

/**
 * An id that is the same whoever makes it: of a schedule's due time, or of one tenant's part of a job. UUID version 8
 * (RFC 9562): the first 48 bits are milliseconds since the epoch, as in version 7, so ids keep the order of creation.
 */
export function derivedId(at: Date, ...of: readonly string[]): string {
  const time = at.getTime().toString(16).padStart(12, '0');
  const hash = createHash('sha256').update(JSON.stringify(of)).digest('hex');
  const variant = ((parseInt(hash[4]!, 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-8${hash.slice(1, 4)}-${variant}${hash.slice(5, 8)}-${hash.slice(8, 20)}`;
}

/** When an id of version 7 or 8 was made. */
export const timeOfId = (id: string): Date => new Date(parseInt(id.slice(0, 8) + id.slice(9, 13), 16));

/** No id of version 7 or 8 that was made then, or later, is less. */
export function firstIdAt(at: Date): string {
  const time = at.getTime().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-0000-0000-000000000000`;
}
