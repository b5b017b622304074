import { createHash } from 'node:crypto';
import { gzipSync } from 'fflate';
import { archiveContent, ArchiveRefused } from './archive-content.js';
import { packTar } from './pack-tar.js';
import { renderFiles } from './render-files.js';
import type { PlatformToRender, RenderedPlatform } from './render-platform.js';
import { TemplateFailed } from './template-failed.js';
import type { ThreadAnswer, ThreadOrder, ThreadResults } from './thread-messages.js';

/** The entry of a thread, told one thing at a time. What it throws is a fault of ours; errors lose their class on the way. */
export default async function obey(order: ThreadOrder): Promise<ThreadAnswer<keyof ThreadResults>> {
  try {
    switch (order.kind) {
      case 'read':
        return { kind: 'done', result: await archiveContent(order.bytes) };
      case 'render':
        return { kind: 'done', result: await render(order.platform) };
    }
  } catch (error) {
    if (error instanceof TemplateFailed || error instanceof ArchiveRefused)
      return { kind: 'refused', reason: error.message };
    throw error;
  }
}

async function render(platform: PlatformToRender): Promise<RenderedPlatform> {
  // In JavaScript: zlib's bytes depend on the version that Node was built with.
  const bytes = gzipSync(await packTar(renderFiles(platform)), { level: 6, mtime: 0 });
  return { bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}
