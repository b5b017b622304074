import { isDeepStrictEqual } from 'node:util';
import type { SubgraphDeclaration } from '@inevitable/kit';

type Declared = Pick<SubgraphDeclaration, 'name' | 'permissions' | 'features'>;

/** What whoever changed the declaration of a product has to know of it, in sentences; nothing of most changes. */
export function newInDeclaration(before: Declared, now: Declared): readonly string[] {
  const told: string[] = [];
  const added = (now.permissions ?? []).filter((permission) => !before.permissions?.includes(permission));
  const removed = (before.permissions ?? []).filter((permission) => !now.permissions?.includes(permission));
  // What a token may is written in it.
  if (added.length)
    told.push(
      `${now.name} has the permission ${added.join(', ')} now. Sign in again: tokens of before do not have it.`,
    );
  if (removed.length)
    told.push(`${now.name} has no permission ${removed.join(', ')} any more. Tokens of before still have it.`);
  const kept = Object.entries(before.features ?? {}).flatMap(([feature, plans]) => {
    const changed = Object.entries(plans).filter(
      ([plan, was]) => !isDeepStrictEqual(now.features?.[feature]?.[plan], was),
    );
    return changed.map(([plan]) => `"${feature}" in the plan "${plan}"`);
  });
  if (kept.length)
    told.push(
      `Plans keep what they have: ${kept.join(', ')} stays as it was before ${now.name} declared it otherwise.`,
    );
  return told;
}
