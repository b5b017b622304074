import type { DeploymentContext } from '@inevitable/kit';
import type { PlatformForgeWork } from '../context.js';
import type { KnownTemplate } from './known-template.js';
import { stackTemplates } from './stack-templates.js';
import { uploadedManifest, type TemplateManifest } from './template-manifest.js';

/** Whose templates are looked for, and where. */
export interface TemplateSearch {
  readonly db: PlatformForgeWork['db'];
  readonly deployment: DeploymentContext;
}

/** The stack's own by name, internal ones in internal deployments only; then the tenant's by name. */
export async function templatesFor({ db, deployment }: TemplateSearch): Promise<readonly KnownTemplate[]> {
  const own = await stackTemplatesIn(deployment);
  const rows = await db.template.findMany({ orderBy: { name: 'asc' } });
  // A name of the stack's own that came after the tenant's is found first, below, too.
  const ofTenant = rows.filter(({ name }) => !own.some((template) => template.name === name)).map(templateOfRow);
  return [...own, ...ofTenant.toSorted((a, b) => (a.name < b.name ? -1 : 1))];
}

/** null: there is none of this name, here. */
export async function findTemplate(name: string, { db, deployment }: TemplateSearch): Promise<KnownTemplate | null> {
  const own = (await stackTemplatesIn(deployment)).find((template) => template.name === name);
  if (own) return own;
  const row = await db.template.findFirst({ where: { name } });
  return row && templateOfRow(row);
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

/** What an uploaded template is, by its row. */
export const templateOfRow = ({ id, manifest, sha256 }: TemplateRow): KnownTemplate =>
  known(uploadedManifest.parse(manifest), sha256, id);

function known(manifest: TemplateManifest, sha256: string, fileId: string | null): KnownTemplate {
  const { name, title, description, parameters } = manifest;
  const origin = fileId === null ? 'STACK' : 'TENANT';
  return { name, title, description, version: sha256.slice(0, 12), origin, parameters, fileId, manifest };
}
