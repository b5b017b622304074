import type { DeploymentContext } from '@inevitable/kit';
import type { PlatformForgeWork } from '../context.js';
import { BoundedMap } from './bounded-map.js';
import type { KnownTemplate } from './known-template.js';
import { stackTemplates } from './stack-templates.js';
import type { TemplateManifest } from './template-manifest.js';

/** Whose templates are looked for, and where. */
export interface TemplateSearch {
  readonly db: PlatformForgeWork['db'];
  readonly deployment: DeploymentContext;
}

/** The stack's own by name, internal ones in internal deployments only; then the tenant's by name. */
export async function templatesFor({ db, deployment }: TemplateSearch): Promise<readonly KnownTemplate[]> {
  const own = await stackTemplatesIn(deployment);
  const templates = await tenantTemplates(db);
  // A name of the stack's own that came after the tenant's is found first, below, too.
  const ofTenant = templates.filter(({ name }) => !own.some((template) => template.name === name));
  return [...own, ...ofTenant.toSorted((a, b) => (a.name < b.name ? -1 : 1))];
}

/** null: there is none of this name, here. */
export async function findTemplate(name: string, { db, deployment }: TemplateSearch): Promise<KnownTemplate | null> {
  const own = (await stackTemplatesIn(deployment)).find((template) => template.name === name);
  if (own) return own;
  const row = await db.template.findFirst({ where: { name } });
  return row && templateOfRow(row);
}

/**
 * By the ids of their rows, which are of one upload and never of another: a hundred manifests of 16 KiB take their time to
 * come from the database, and are the same each time. Which ids are the tenant's is asked each time.
 */
const seen = new BoundedMap<string, KnownTemplate>(300);

async function tenantTemplates(db: TemplateSearch['db']): Promise<readonly KnownTemplate[]> {
  const ids = await db.template.findMany({ select: { id: true } });
  const known = ids.map(({ id }) => seen.get(id));
  if (known.every((template) => template !== undefined)) return known;
  const templates = (await db.template.findMany()).map(templateOfRow);
  for (const template of templates) seen.set(template.fileId!, template);
  return templates;
}

async function stackTemplatesIn(deployment: DeploymentContext): Promise<readonly KnownTemplate[]> {
  return [...(await stackTemplates()).values()]
    .filter(({ manifest }) => deployment === 'internal' || !manifest.internal)
    .map(({ manifest, sha256 }) => known(manifest, sha256, null));
}

interface TemplateRow {
  readonly id: string;
  readonly manifest: unknown;
  readonly sha256: string;
}

/**
 * What an uploaded template is, by its row. The manifest is taken as it stands: `uploadTemplate` alone writes it, and has
 * it from `readTemplateArchive`, which checked it in its thread. Checking it here again would let a tenant with a hundred
 * large ones stop everybody's requests for as long as it takes.
 */
export const templateOfRow = ({ id, manifest, sha256 }: TemplateRow): KnownTemplate =>
  known(manifest as TemplateManifest, sha256, id);

function known(manifest: TemplateManifest, sha256: string, fileId: string | null): KnownTemplate {
  const { name, title, description, parameters } = manifest;
  const origin = fileId === null ? 'STACK' : 'TENANT';
  return { name, title, description, version: sha256.slice(0, 12), origin, parameters, fileId, manifest };
}
