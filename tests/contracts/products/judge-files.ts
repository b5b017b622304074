import type { TenantId } from '@inevitable/contract';
import { tenantFiles, type FileStore } from '@inevitable/kit/host';
import type { TestSubgraph } from '@inevitable/kit/testing';

/** Which files of one tenant another is listed or finds, and which files are nobody's; each a sentence. */
export async function judgeFiles(
  { files: store, database: { product } }: TestSubgraph,
  { ownerId, strangerId }: { readonly ownerId: TenantId; readonly strangerId: TenantId },
): Promise<string[]> {
  const strangers = tenantFiles(store, product, strangerId);
  const listed = await keysIn(strangers);
  const findings: string[] = [];
  for (const key of await keysIn(tenantFiles(store, product, ownerId))) {
    if (listed.includes(key)) findings.push(`Another tenant is listed the file "${key}".`);
    if (await strangers.stat(key)) findings.push(`Another tenant finds the file "${key}".`);
  }
  const places = [ownerId, strangerId, 'no-tenant'].map((place) => `${product}/${place}/`);
  for (const key of await keysIn(store))
    if (!places.some((place) => key.startsWith(place)))
      findings.push(`The file "${key}" is in no place of this product and its tenants.`);
  return findings;
}

async function keysIn(files: Pick<FileStore, 'list'>): Promise<readonly string[]> {
  const keys: string[] = [];
  for (let after: string | null = null; ; after = keys.at(-1)!) {
    const page = await files.list('', after);
    if (!page.length) return keys;
    keys.push(...page.map(({ key }) => key));
  }
}
