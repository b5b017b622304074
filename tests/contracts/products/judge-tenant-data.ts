import type { TenantId, UserId } from '@inevitable/contract';
import { everyFile, tenantFiles } from '@inevitable/kit/host';
import type { SubgraphDeclaration } from '@inevitable/kit';
import type { TestSubgraph } from '@inevitable/kit/testing';
import { tenantRows } from './tenant-rows.js';

interface Owned {
  readonly ownerId: TenantId;
  readonly strangerId: TenantId;
}

/** What is wrong with what the product adds to the archive of a tenant, and of a person; each a sentence. */
export async function judgeExport(
  product: TestSubgraph,
  { tenantData = {} }: SubgraphDeclaration,
  { ownerId, strangerId, userId }: Owned & { readonly userId: UserId },
): Promise<string[]> {
  const findings = [...(await product.tenantData.undeclared())];
  if (findings.length || tenantData === 'itself') return findings;
  const files = tenantFiles(product.files, product.database.product, ownerId);
  const keys: string[] = [];
  for await (const { key } of everyFile(files)) keys.push(key);

  const archive = await product.tenantData.export(ownerId);
  for (const { name, rows } of await tenantRows(product, ownerId)) {
    const exported = archive.tables[name] ?? [];
    const wanted = tenantData[name]?.leftOut === undefined ? rows.length : 0;
    if (exported.length !== wanted)
      findings.push(`The archive has ${exported.length} rows of "${name}", and the tenant ${wanted} to take along.`);
    if (exported.some((row) => row['tenant_id'] !== ownerId))
      findings.push(`The archive has rows of "${name}" that are not the tenant's.`);
  }
  for (const key of keys) {
    const bytes = new Uint8Array(await new Response((await files.read(key))!.body).arrayBuffer());
    if (!archive.contents[key] || Buffer.compare(archive.contents[key], bytes) !== 0)
      findings.push(`The archive lacks the file "${key}", or has another one in its place.`);
  }

  const strangers = JSON.stringify(await product.tenantData.export(strangerId));
  if (strangers.includes(ownerId)) findings.push('The archive of another tenant names this one.');

  const own = await product.tenantData.export(ownerId, userId);
  if (Object.keys(own.contents).length) findings.push('The archive of a person has files of the tenant.');
  for (const { name, rows } of await tenantRows(product, ownerId)) {
    const { personColumn, leftOut } = tenantData[name] ?? {};
    const theirs =
      personColumn === undefined || leftOut !== undefined ? [] : rows.filter((row) => row[personColumn] === userId);
    const exported = own.tables[name] ?? [];
    if (personColumn !== undefined && exported.some((row) => row[personColumn] !== userId))
      findings.push(`The archive of a person has rows of "${name}" that are somebody else's.`);
    if (exported.length !== theirs.length)
      findings.push(
        `The archive of a person has ${exported.length} rows of "${name}", and ${theirs.length} are theirs.`,
      );
  }
  return findings;
}

/**
 * What is left of a tenant that was erased, and what went of one that was not; each a sentence. Its worker is stopped; the
 * owner's rows and files are gone after it.
 */
export async function judgeErasure(product: TestSubgraph, { ownerId, strangerId }: Owned): Promise<string[]> {
  const before = JSON.stringify(await tenantRows(product, ownerId));
  const had = await product.tenantData.left(ownerId);
  await product.tenantData.erase(strangerId);
  const findings: string[] = [];
  if (JSON.stringify(await tenantRows(product, ownerId)) !== before)
    findings.push('With another tenant go rows of this one.');
  const after = await product.tenantData.left(ownerId);
  for (const what of ['files', 'jobs'])
    if (after[what] !== had[what]) findings.push(`With another tenant go ${what} of this one.`);

  await product.tenantData.erase(ownerId);
  for (const [what, count] of Object.entries(await product.tenantData.left(ownerId)))
    if (count) findings.push(`Of an erased tenant, ${count} are left: ${what}.`);
  return findings;
}
