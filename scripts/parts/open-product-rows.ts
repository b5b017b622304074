import type { SubgraphDeclaration } from '@inevitable/kit';
import { openProductDatabase, type WorkedProduct } from '@inevitable/kit/host';
import type { Databases } from './databases.js';

/** Brings a product's database up to date and opens it. A product that declares none has neither. */
export async function openProductRows(
  { database: declared }: SubgraphDeclaration,
  databases: Pick<Databases, 'prepare'>,
): Promise<Pick<WorkedProduct, 'database' | 'systemUrl'>> {
  if (!declared) return { database: null, systemUrl: null };
  const { appUrl, systemUrl } = await databases.prepare(declared);
  return { database: await openProductDatabase(declared, appUrl), systemUrl };
}
