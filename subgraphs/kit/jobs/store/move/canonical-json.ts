/** One token of JSON text: a string, a number, a word, or a mark. RFC 8259, section 2. */
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null|[[\]{},:])/y;
const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

type Open = { readonly kind: 'list'; readonly items: string[] } | OpenObject;
interface OpenObject {
  readonly kind: 'object';
  readonly members: Map<string, string>;
  /** Whose value comes next; null: a key does. */
  key: string | null;
}

/**
 * The same text for the same JSON, whichever storage wrote it: keys in order, no white space, and each number as its digits
 * and its power of ten, because a database may write 100 where another has 1e2, and JavaScript has no room for all of them.
 * Not by parsing it into objects: `__proto__` is a key like any other, and depth is bounded by nothing but the text.
 */
export function canonicalJson(text: string): string {
  const open: Open[] = [];
  let whole: string | null = null;
  const add = (value: string): void => {
    const within = open.at(-1);
    if (!within) whole = value;
    else if (within.kind === 'list') within.items.push(value);
    else if (within.key === null) within.key = value;
    else {
      within.members.set(within.key, value); // of two of one key the last counts
      within.key = null;
    }
  };
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const token = match[1]!;
    switch (token[0]) {
      case '[':
        open.push({ kind: 'list', items: [] });
        break;
      case '{':
        open.push({ kind: 'object', members: new Map(), key: null });
        break;
      case ']':
      case '}':
        add(closed(open.pop()!));
        break;
      case ',':
      case ':':
        break;
      case '"':
        add(JSON.stringify(JSON.parse(token)));
        break;
      default:
        add(NUMBER.test(token) ? canonicalNumber(token) : token);
    }
    if (whole !== null) return whole;
  }
  throw new SyntaxError('It is no JSON.');
}

function closed(value: Open): string {
  if (value.kind === 'list') return `[${value.items.join()}]`;
  const members = [...value.members].sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${members.map(([key, member]) => `${key}:${member}`).join()}}`;
}

function canonicalNumber(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] = NUMBER.exec(text)!;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (!significant) return '0';
  return `${sign}${significant}e${Number(power) - fraction.length + digits.length - significant.length}`;
}
