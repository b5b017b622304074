import type { TemplateManifest } from './template-manifest.js';

/** A template somebody may generate from. */
export interface KnownTemplate {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** The first 12 hex digits of the SHA-256 of its content. */
  readonly version: string;
  readonly origin: 'STACK' | 'TENANT';
  /** JSON Schema of its parameters, as the manifest has it. */
  readonly parameters: TemplateManifest['parameters'];
  /** Where its files are: in the tenant's files under this id; null for the stack's own. */
  readonly fileId: string | null;
  readonly manifest: TemplateManifest;
}

/** One file of a template or of a platform. */
export interface TemplateFile {
  /** Relative, with `/`; never absolute, never upwards. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly executable: boolean;
}

/** A template as it was read: its manifest, and what its folder `files/` holds. */
export interface TemplateContent {
  readonly manifest: TemplateManifest;
  /** In order of their paths, by byte; the paths without `files/`. */
  readonly files: readonly TemplateFile[];
  /** SHA-256 of all of it, in hex. */
  readonly sha256: string;
}
