/** Of objects and lists within one another. No client needs half of it; what reads and writes JSON is called once for each. */
const MAX_JSON_DEPTH = 200;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** To be asked before a text is parsed: `JSON.parse` bears any depth, what works on its result does not. */
export function nestsTooDeeply(text: string): boolean {
  if (text.length <= 2 * MAX_JSON_DEPTH) return false; // each level is closed, too
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === QUOTE) at = endOfString(text, at);
    else if (OPENING.has(character) && ++depth > MAX_JSON_DEPTH) return true;
    else if (CLOSING.has(character)) depth--;
  }
  return false;
}

/** Where the string's closing quote is. */
function endOfString(text: string, opening: number): number {
  for (let end = text.indexOf('"', opening + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let before = end;
    while (text.charCodeAt(before - 1) === BACKSLASH) before--;
    if ((end - before) % 2 === 0) return end;
  }
  return text.length;
}
