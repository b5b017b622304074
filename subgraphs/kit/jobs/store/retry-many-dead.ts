/** Dead jobs that are looked at together, so that others need not wait for all of them; and in one call, so that it ends. */
const LIMITS = { together: 1_000, inAll: 10_000 };

/** What became of some dead jobs: `lastId` is the last that was looked at; null: there was none. */
export interface RetriedPart {
  readonly retried: number;
  readonly lastId: string | null;
}

/**
 * Runs dead jobs again, oldest first, by `retry`, which looks at those after one of them (null: from the first), at most
 * `most`. Answers how many are run again.
 */
export async function retryManyDead(
  retry: (afterId: string | null, most: number) => Promise<RetriedPart>,
  { together, inAll } = LIMITS,
): Promise<number> {
  let all = 0;
  let afterId: string | null = null;
  for (let looked = 0; looked < inAll; looked += together) {
    const { retried, lastId }: RetriedPart = await retry(afterId, Math.min(together, inAll - looked));
    if (lastId === null) break;
    all += retried;
    afterId = lastId;
  }
  return all;
}
