import type { SubgraphDeclaration } from '@inevitable/kit';
import { ensureRoles, lintCatalogue, migrate } from '@inevitable/kit/host';
import { createTestDatabase } from '@inevitable/kit/testing';

/** What goes wrong with a product's migrations: two at once from nothing, once more when all is done; each a sentence. */
export async function judgeMigrations({ name, database }: SubgraphDeclaration): Promise<string[]> {
  if (!database) return [];
  const empty = await createTestDatabase('empty', () => Promise.resolve());
  try {
    const bringUp = async () => {
      await ensureRoles(empty.url, empty.secret, name);
      return migrate(database, empty.url);
    };
    const racing = await Promise.allSettled([bringUp(), bringUp()]); // both have ended, whatever one of them met
    const failures = racing.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    if (failures.length) return [...new Set(failures.map(({ message }) => message))];
    const findings: string[] = [];
    const migrating = racing.filter((outcome) => outcome.status === 'fulfilled' && outcome.value.length > 0);
    if (migrating.length !== 1) findings.push(`Of two starts at once, ${migrating.length} migrated.`);
    const again = await bringUp();
    if (again.length) findings.push(`A second start applied ${again.join(', ')} again.`);
    const lint = await lintCatalogue(database, empty.url);
    return [...findings, ...lint.map(({ table, message }) => `${table}: ${message}`)];
  } catch (error) {
    return [(error as Error).message];
  } finally {
    await empty.drop();
  }
}
