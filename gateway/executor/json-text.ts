const SHORT = 48;

/** A JSON string (RFC 8259, section 7). Most strings in answers are short and need no escape: looking is faster than asking. */
export function quoted(text: string): string {
  if (text.length > SHORT) return JSON.stringify(text);
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    // Control characters, quote, backslash; surrogates, because a lone one must be escaped (well-formed JSON.stringify).
    if (unit < 0x20 || unit === 0x22 || unit === 0x5c || (unit >= 0xd800 && unit <= 0xdfff))
      return JSON.stringify(text);
  }
  return `"${text}"`;
}

/** Any value as JSON; what JSON has no form for is null. */
export function jsonText(value: unknown): string {
  if (typeof value === 'string') return quoted(value);
  return JSON.stringify(value) ?? 'null';
}
