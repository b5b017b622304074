/**
 * Reads something of many parents in one call: what is asked for within one turn of one operation is asked for together, so
 * that a page of jobs with their attempts is two statements and not a hundred. `read` answers by parent id.
 */
export function inOneCall<Context extends object, Row>(
  read: (context: Context, ids: readonly string[]) => Promise<ReadonlyMap<string, Row[]>>,
): (id: string, context: Context) => Promise<Row[]> {
  const open = new WeakMap<
    Context,
    { readonly ids: Set<string>; readonly rows: Promise<ReadonlyMap<string, Row[]>> }
  >();
  return async (id, context) => {
    let call = open.get(context);
    if (!call) {
      const ids = new Set<string>();
      const rows = Promise.resolve().then(() => {
        open.delete(context);
        return read(context, [...ids]);
      });
      call = { ids, rows };
      open.set(context, call);
    }
    call.ids.add(id);
    return (await call.rows).get(id) ?? [];
  };
}
