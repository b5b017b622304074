/** Where text is that is no structure. */
interface Quoting {
  /** `#` begins a comment, and `"""` a string that may have several lines. */
  readonly isGraphql: boolean;
}

const QUOTE = 34;
const HASH = 35;
const BACKSLASH = 92;
const LINE_FEED = 10;
const RETURN = 13;

/**
 * Whether more than `limit` brackets are open at once, outside strings and comments. One pass, without a stack, that ends at
 * the first one too many: parsers that go down once for each bracket are asked only after it. Of text that is not well-formed
 * it says what holds up to where a parser gives up.
 */
export function isNestedDeeper(text: string, limit: number, { isGraphql }: Quoting): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++)
    switch (text.charCodeAt(at)) {
      case 40: // (
      case 91: // [
      case 123: // {
        if (++depth > limit) return true;
        break;
      case 41: // )
      case 93: // ]
      case 125: // }
        depth--;
        break;
      case HASH:
        if (isGraphql) at = endOfLine(text, at);
        break;
      case QUOTE:
        at = isGraphql && text.startsWith('"""', at) ? endOfBlock(text, at + 3) : endOfString(text, at + 1);
    }
  return false;
}

function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && !isLineEnd(text.charCodeAt(at))) at++;
  return at;
}

/** A line's end ends it too: no parser reads on there. */
function endOfString(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE || isLineEnd(code)) return at;
    if (code === BACKSLASH) at++;
  }
  return at;
}

/** `\"""` does not end a block string (GraphQL specification, section 2.9.4). */
function endOfBlock(text: string, from: number): number {
  let end = text.indexOf('"""', from);
  while (end > from && text.charCodeAt(end - 1) === BACKSLASH) end = text.indexOf('"""', end + 3);
  return end < 0 ? text.length : end + 2;
}

const isLineEnd = (code: number): boolean => code === LINE_FEED || code === RETURN;
