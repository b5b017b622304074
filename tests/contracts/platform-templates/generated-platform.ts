import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parametersSchema } from '../../../subgraphs/platformforge/rendering/parameters-schema.js';
import { renderPlatform } from '../../../subgraphs/platformforge/rendering/render-platform.js';
import { stackTemplates } from '../../../subgraphs/platformforge/rendering/stack-templates.js';

/** A name that breaks out of quotes, comments, templates and markup wherever it is not put in properly. */
export const HOSTILE_NAME = `"Shop" 'of' \\ */ \${process.exit(1)} {{ x }} <b>&amp; \`ls\` %> 😀`;

export interface PlatformToGenerate {
  readonly name?: string;
  readonly slug?: string;
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly deployment?: 'internal' | 'customer';
}

/** The archive that one of the stack's own templates makes. */
export async function generate(
  template: string,
  { name = 'My Shop', slug = 'my-shop', parameters = {}, deployment = 'internal' }: PlatformToGenerate = {},
): Promise<Uint8Array> {
  const content = (await stackTemplates()).get(template)!;
  const { bytes } = await renderPlatform(
    {
      content,
      platform: { name, slug },
      parameters: parametersSchema(content.manifest).parse(parameters),
      deployment,
    },
    new AbortController().signal,
  );
  return bytes;
}

/** Unpacks an archive as its README says, below `folder`. */
export async function unpack(archive: Uint8Array, folder: string): Promise<void> {
  const file = join(folder, 'artifact.tar.gz');
  await writeFile(file, archive);
  await promisify(execFile)('tar', ['-xzf', file, '-C', folder]);
  await rm(file);
}

export interface GeneratedPlatform {
  /** Where its files are. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** Generated and unpacked below the system's temporary folder. */
export async function generatedPlatform(
  template: string,
  platform: PlatformToGenerate = {},
): Promise<GeneratedPlatform> {
  const outside = await mkdtemp(join(tmpdir(), 'generated-'));
  await unpack(await generate(template, platform), outside);
  return {
    folder: join(outside, platform.slug ?? 'my-shop'),
    remove: () => rm(outside, { recursive: true, force: true }),
  };
}
