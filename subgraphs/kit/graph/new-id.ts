import { v7 } from 'uuid';

/** A new id: UUIDv7 (RFC 9562), made in code, ordered by creation. */
export const newId = (): string => v7();
