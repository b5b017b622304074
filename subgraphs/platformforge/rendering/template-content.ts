import { createHash } from 'node:crypto';
import type { TemplateContent, TemplateFile } from './known-template.js';
import type { TemplateManifest } from './template-manifest.js';
import { byBytes } from './template-path.js';

/** What a template is made of, in its one order, with the digest that changes when anything of it does. */
export function templateContent(manifest: TemplateManifest, files: readonly TemplateFile[]): TemplateContent {
  const sorted = files.toSorted((a, b) => byBytes(a.path, b.path));
  const digest = createHash('sha256').update(JSON.stringify(manifest));
  for (const { path, bytes, executable } of sorted)
    digest.update(JSON.stringify([path, executable, bytes.byteLength])).update(bytes);
  return { manifest, files: sorted, sha256: digest.digest('hex') };
}
