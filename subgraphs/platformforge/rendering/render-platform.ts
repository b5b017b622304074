import type { DeploymentContext } from '@inevitable/kit';
import type { TemplateContent } from './known-template.js';
import { runInThread, THREAD_MB, THREAD_MS } from './run-in-thread.js';
import { TemplateFailed } from './template-failed.js';

/** What a platform is made of. */
export interface PlatformToRender {
  readonly content: TemplateContent;
  readonly platform: { readonly name: string; readonly slug: string };
  /** As `parametersSchema` parsed them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly deployment: DeploymentContext;
}

/** A platform, packed: a gzip-compressed tar archive with everything below `<slug>/`. */
export interface RenderedPlatform {
  readonly bytes: Uint8Array;
  /** Of the bytes, in hex. */
  readonly sha256: string;
}

/**
 * A platform was not rendered in its time. What liquid does is counted, and fails alike on every machine; this is of the
 * clock, which runs on while the machine does other things: it may be in time when it is tried again.
 */
export class RenderTooSlow extends Error {
  override readonly name = 'RenderTooSlow';
  constructor(withinMs: number) {
    super(`The template takes longer than ${withinMs / 1_000} seconds to render.`);
  }
}

/**
 * Renders and packs in a thread of bounded time and memory, for a stranger's template may loop. The same input gives the
 * same bytes. Throws `TemplateFailed` for what a retry cannot mend, `RenderTooSlow`, and the signal's reason when that
 * aborts.
 */
export async function renderPlatform(
  { content, platform: { name, slug }, parameters, deployment }: PlatformToRender,
  signal: AbortSignal,
  withinMs = THREAD_MS,
): Promise<RenderedPlatform> {
  const platform: PlatformToRender = { content, platform: { name, slug }, parameters, deployment };
  const answer = await runInThread({ kind: 'render', platform }, 'generation', signal, withinMs);
  switch (answer.kind) {
    case 'done':
      return answer.result;
    case 'refused':
      throw new TemplateFailed(answer.reason);
    case 'late':
      throw new RenderTooSlow(withinMs);
    case 'outOfMemory':
      throw new TemplateFailed(`The template needs more than ${THREAD_MB} MB of memory to render.`);
  }
}
