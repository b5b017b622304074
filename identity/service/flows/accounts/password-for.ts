import { parseInput } from '@inevitable/kit';
import { assertHardToGuess, newPasswordText } from '../../passwords/password-policy.js';
import type { SystemDatabase } from '../../store/system-database.js';
import type { FlowDeps } from '../flow-deps.js';

/** Ours, and those of the products, as their permissions begin. */
export const productNames = (permissions: FlowDeps['permissions']): readonly string[] => [
  'inevitable',
  ...new Set(permissions().map((permission) => permission.split(':')[0]!)),
];

/** What anybody may know of a person: how they are called, and the tenants they are in. */
async function namesOf({ rows }: SystemDatabase, userId: string): Promise<readonly string[]> {
  const [known] = await rows<{ names: readonly (string | null)[] }>(
    `select array[u.email, u.username, u.display_name] || array(
       select unnest(array[t.slug, t.name]) from memberships m join tenants t on t.id = m.tenant_id
       where m.user_id = u.id) as names
     from users u where u.id = $1`,
    [userId],
  );
  return (known?.names ?? []).filter((name) => name !== null);
}

/** A password this person may choose. Throws `BadUserInput` at `field`. */
export async function passwordFor(
  userId: string,
  password: string,
  field: string,
  { db, permissions }: Pick<FlowDeps, 'db' | 'permissions'>,
): Promise<string> {
  const wanted = parseInput(newPasswordText, password, field);
  assertHardToGuess(wanted, [...(await namesOf(db, userId)), ...productNames(permissions)], field);
  return wanted;
}
