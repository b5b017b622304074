const MARKS = 1 << 15;

/**
 * Which keys were asked before, to tell operations that come again from those that come once (the doorkeeper of TinyLFU:
 * Einziger, Friedman, Manes 2017). 128 KB, whatever is asked; a key is forgotten when another takes the place of its mark: after
 * 22,000 others as likely as not. Two keys may have the same mark: it says less than a cache, and costs whoever believes it a place
 * there at most.
 */
export class AskedBefore {
  readonly #marks = new Uint32Array(MARKS);

  /** Whether it was. From now on it was. */
  ask(key: string): boolean {
    const mark = fnv1a(key);
    const place = mark % MARKS;
    const was = this.#marks[place] === mark;
    this.#marks[place] = mark;
    return was;
  }
}

/** 32 bits (draft-eastlake-fnv), of UTF-16 units instead of bytes. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
