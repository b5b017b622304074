import { isUuid } from '@inevitable/kit';
import type { User } from '../../generated/prisma/client.js';
import type { IdentityContext } from '../identity-context.js';

type Database = IdentityContext['db'];
interface Batch {
  readonly ids: Set<string>;
  readonly users: Promise<ReadonlyMap<string, User>>;
}

/** Per handle, and a handle belongs to one tenant: people asked for in one go are read by one statement. */
const gathering = new WeakMap<Database, Batch>();

/** A person the tenant can see; null for anyone else, for an unknown id and for one that is no id. */
export async function findPerson(db: Database, id: string): Promise<User | null> {
  if (!isUuid(id)) return null;
  let batch = gathering.get(db);
  if (!batch) gathering.set(db, (batch = gather(db)));
  batch.ids.add(id);
  return (await batch.users).get(id) ?? null;
}

function gather(db: Database): Batch {
  const ids = new Set<string>();
  const read = async (): Promise<ReadonlyMap<string, User>> => {
    await Promise.resolve(); // until the resolvers of this tick have asked
    gathering.delete(db);
    const users = await db.user.findMany({ where: { id: { in: [...ids] } } });
    return new Map(users.map((user) => [user.id, user]));
  };
  return { ids, users: read() };
}
