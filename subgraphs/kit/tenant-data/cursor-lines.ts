/** Sends one statement of a transaction; answers its rows. */
export type SendStatement = (
  text: string,
  values?: readonly unknown[],
) => Promise<readonly { readonly line: string }[]>;

/** How many rows are read at once: as many are held in memory, however wide they are. */
const PAGE = 100;

/**
 * What a query finds, one line of JSON for each row, read within one transaction by a cursor. Throws the reason of `signal`
 * between two pages.
 */
export async function* cursorLines(
  send: SendStatement,
  query: string,
  values: readonly unknown[],
  signal?: AbortSignal,
): AsyncGenerator<string> {
  await send(`declare exported no scroll cursor for select to_jsonb(r)::text as line from (${query}) r`, values);
  for (let read = PAGE; read === PAGE;) {
    signal?.throwIfAborted();
    const page = await send(`fetch ${PAGE} from exported`);
    for (const { line } of page) yield line;
    read = page.length;
  }
  await send('close exported');
}
