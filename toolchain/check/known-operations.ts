import type { RecordedUsage } from '@inevitable/contract';
import type { KnownOperation } from './known-operation.js';

const PAGE = 500;

/** Everything a gateway recorded in the last days, page by page. `progress` hears how many are there so far. */
export async function recordedOperations(
  recorded: RecordedUsage,
  days: number,
  progress: (count: number) => void,
): Promise<readonly KnownOperation[]> {
  const operations: KnownOperation[] = [];
  let after: string | null = null;
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
    progress(operations.length);
    if (page.length < PAGE) return operations;
    after = page.at(-1)!.signature;
  }
}
