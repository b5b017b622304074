import type { TemplateContent, TemplateFile } from '../known-template.js';
import { templateContent } from '../template-content.js';
import { templateManifest } from '../template-manifest.js';

/** What a test says of a template; the rest is sensible. */
export interface TemplateToMake {
  readonly manifest?: Readonly<Record<string, unknown>>;
  /** Text or bytes by path. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
  /** Which of the paths are executable. */
  readonly executable?: readonly string[];
}

export const MANIFEST = {
  name: 'greeting',
  title: 'Greeting',
  description: 'Says hello.',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
} as const;

/** A template as it would have been read. */
export const madeTemplate = ({ manifest, files, executable = [] }: TemplateToMake): TemplateContent =>
  templateContent(
    templateManifest.parse({ ...MANIFEST, ...manifest }),
    Object.entries(files).map(([path, content]): TemplateFile => ({
      path,
      bytes: typeof content === 'string' ? Buffer.from(content) : content,
      executable: executable.includes(path),
    })),
  );
