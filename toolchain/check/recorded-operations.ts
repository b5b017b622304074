import type { RecordedUsage } from '@inevitable/contract';
import type { KnownOperation } from './known-operation.js';

const PAGE = 500;
/** Characters of all documents together, which stay in memory until all is judged. */
const MOST_CHARACTERS = 256_000_000;

/**
 * Everything a gateway recorded in the last days, page by page. `progress` hears how many are there so far. Throws where that
 * is more than a check can hold, with a sentence for its caller.
 */
export async function recordedOperations(
  recorded: RecordedUsage,
  days: number,
  progress: (count: number) => void,
): Promise<readonly KnownOperation[]> {
  const operations: KnownOperation[] = [];
  let after: string | null = null;
  let characters = 0;
  while (true) {
    const page: Awaited<ReturnType<RecordedUsage['operations']>> = await recorded.operations({
      days,
      first: PAGE,
      after,
    });
    for (const { operationName, document, inputs, count, lastSeen, clients, signature } of page)
      operations.push({
        name: operationName,
        document,
        inputs,
        count,
        lastSeen,
        clients,
        signature,
        place: null,
      });
    characters += page.reduce((sum, { document }) => sum + document.length, 0);
    if (characters > MOST_CHARACTERS)
      throw new Error(
        `What was recorded in the last ${days} days is more than ${MOST_CHARACTERS / 1_000_000} MB of operations, which is the most that can be judged: judge by fewer days, with --days.`,
      );
    progress(operations.length);
    if (page.length < PAGE) return operations;
    after = page.at(-1)!.signature;
  }
}
