import { randomUUID } from 'node:crypto';
import { Full, NotFound } from './errors.js';

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
    /** At most `limit`, behind the one with the id `after`. Throws `NotFound` where that is gone: nobody knows its place. */
    async list({ limit, after }) {
      const newestFirst = [...kept.values()].reverse();
      const last = newestFirst.findIndex(({ id }) => id === after);
      if (after !== undefined && last === -1)
        throw new NotFound('What "after" names is gone: list from the beginning.');
      return newestFirst.slice(last + 1, last + 1 + limit);
    },
  };
}
