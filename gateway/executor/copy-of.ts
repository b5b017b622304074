/**
 * A copy that may be written to. Lists and plain objects are copied; anything else – the `Date` or class instance a
 * custom scalar's resolver returned – is only ever read, and stays its owner's.
 */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (!isPlainObject(value)) return value;
  const copy: Record<string, unknown> = Object.create(null);
  for (const name of Object.keys(value)) copy[name] = copyOf(value[name]);
  return copy;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === null || prototype === Object.prototype) &&
    typeof (value as { toJSON?: unknown }).toJSON !== 'function'
  );
}
