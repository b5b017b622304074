import type { TemplateContent } from './known-template.js';
import type { PlatformToRender, RenderedPlatform } from './render-platform.js';

/** What a thread is told. */
export type ThreadOrder =
  | { readonly kind: 'read'; readonly bytes: Uint8Array }
  | { readonly kind: 'render'; readonly platform: PlatformToRender };

/** What comes of each order. */
export interface ThreadResults {
  readonly read: TemplateContent;
  readonly render: RenderedPlatform;
}

/** `refused`: in words for whoever gave what the order is about. */
export type ThreadAnswer<Kind extends keyof ThreadResults> =
  | { readonly kind: 'done'; readonly result: ThreadResults[Kind] }
  | { readonly kind: 'refused'; readonly reason: string };
