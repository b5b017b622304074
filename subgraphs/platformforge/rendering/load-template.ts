import { arrayBuffer } from 'node:stream/consumers';
import { BadUserInput, type TenantFiles } from '@inevitable/kit';
import type { KnownTemplate, TemplateContent } from './known-template.js';
import { ArchiveTooSlow, readTemplateArchive } from './read-template-archive.js';
import { stackTemplates } from './stack-templates.js';
import { TemplateFailed } from './template-failed.js';

/**
 * A template's files: the stack's own from its folder, a tenant's from the tenant's files. Throws `TemplateFailed` when
 * what is stored is not what was uploaded, and other errors when it cannot be read now.
 */
export async function loadTemplate(
  { name, fileId, version }: KnownTemplate,
  { files, signal }: { readonly files: TenantFiles; readonly signal?: AbortSignal },
): Promise<TemplateContent> {
  if (fileId === null) return (await stackTemplates()).get(name)!;
  const stored = await files.read(`templates/${fileId}.tar.gz`);
  // Replaced or deleted just now: whoever looks for the template again finds the new one, or none.
  if (!stored) throw new Error(`The file of the template "${name}" (${fileId}) is not there.`);
  const content = await readStored(name, new Uint8Array(await arrayBuffer(stored.body)), signal);
  if (!content.sha256.startsWith(version)) throw damaged(name);
  return content;
}

async function readStored(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<TemplateContent> {
  try {
    return await readTemplateArchive(bytes, signal, 'generation');
  } catch (error) {
    if (error instanceof BadUserInput && !(error instanceof ArchiveTooSlow)) throw damaged(name);
    throw error;
  }
}

const damaged = (name: string): TemplateFailed =>
  new TemplateFailed(`What is stored of the template "${name}" is damaged. Upload it again.`);
