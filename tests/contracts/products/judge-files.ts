import type { TenantId } from '@inevitable/contract';
import { tenantFiles } from '@inevitable/kit/host';
import type { TestSubgraph } from '@inevitable/kit/testing';

/** What of the files of one tenant another reaches, and which files are nobody's; each a sentence. */
export async function judgeFiles(
  { files: store, database: { product } }: TestSubgraph,
  { ownerId, strangerId }: { readonly ownerId: TenantId; readonly strangerId: TenantId },
): Promise<string[]> {
  const findings: string[] = [];
  const strangers = tenantFiles(store, product, strangerId);
  const own = tenantFiles(store, product, ownerId);
  for (let after: string | null = null; ;) {
    const page = await own.list('', after);
    if (!page.length) break;
    for (const { key } of page)
      if (await strangers.stat(key)) findings.push(`Another tenant finds the file "${key}" under the same key.`);
    after = page.at(-1)!.key;
  }
  for (const { key } of await strangers.list('', null)) findings.push(`Another tenant is listed the file "${key}".`);
  for (const { key } of await store.list('', null))
    if (![`${product}/${ownerId}/`, `${product}/no-tenant/`].some((place) => key.startsWith(place)))
      findings.push(`The file "${key}" is in no place of this product and tenant.`);
  return findings;
}
