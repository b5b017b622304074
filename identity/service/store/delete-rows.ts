import type { Rows } from './system-database.js';

/** Sends a `delete` without its `returning`; answers how many rows went. */
export async function deleteRows(rows: Rows, statement: string, values: readonly unknown[]): Promise<number> {
  const [gone] = await rows<{ count: number }>(
    `with gone as (${statement} returning 1) select count(*)::int as count from gone`,
    values,
  );
  return gone!.count;
}
