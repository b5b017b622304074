import { randomUUID } from 'node:crypto';
import { Full } from './errors.js';

/**
 * Keeps what is written until the process ends: replace it by a database behind the same four functions.
 * Newest first; `capacity` bounds it, because memory is bounded. `add` throws `Full`.
 */
export function memoryStore({ capacity, now = () => new Date() }) {
  const kept = new Map();
  return {
    async add(fields) {
      if (kept.size >= capacity) throw new Full(`There are ${capacity} already: delete some first.`);
      const added = { id: randomUUID(), ...fields, createdAt: now().toISOString() };
      kept.set(added.id, added);
      return added;
    },
    find: async (id) => kept.get(id) ?? null,
    remove: async (id) => kept.delete(id),
    /** At most `limit`, behind the one with the id `after`. */
    async list({ limit, after }) {
      const newestFirst = [...kept.values()].reverse();
      const start = after === undefined ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1;
      return newestFirst.slice(start, start + limit);
    },
  };
}
