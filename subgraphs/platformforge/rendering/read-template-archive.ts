import { BadUserInput } from '@inevitable/kit';
import { MOST_PACKED_BYTES } from './archive-content.js';
import type { TemplateContent } from './known-template.js';
import { runInThread, type ThreadUse } from './run-in-thread.js';

export { MOST_PACKED_BYTES } from './archive-content.js';

/** An archive was not read in its time: it is more work than an archive may be, or the machine was busy. */
export class ArchiveTooSlow extends BadUserInput {
  constructor() {
    super('The archive took longer to read than an archive may.');
  }
}

/**
 * Reads what somebody uploaded: a gzip-compressed tar archive with `template.json` and `files/` at its top, or below one
 * folder. It is read in a thread of bounded time and memory, nothing of it is written anywhere, and unpacking stops at the
 * bound. Throws `BadUserInput` with words on what is wrong, `ArchiveTooSlow` among them, and the signal's reason when that
 * aborts.
 */
export async function readTemplateArchive(
  bytes: Uint8Array,
  signal: AbortSignal = new AbortController().signal,
  use: ThreadUse = 'upload',
): Promise<TemplateContent> {
  if (bytes.byteLength > MOST_PACKED_BYTES) throw new BadUserInput('The archive has more than 1 MiB.');
  const answer = await runInThread({ kind: 'read', bytes }, use, signal);
  switch (answer.kind) {
    case 'done':
      return answer.result;
    case 'refused':
      throw new BadUserInput(answer.reason);
    case 'late':
      throw new ArchiveTooSlow();
    case 'outOfMemory':
      throw new BadUserInput('The archive takes more memory to read than an archive may.');
  }
}
