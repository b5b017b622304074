/** A part of a URL as it was meant; as it stands, where it is not percent-encoded well. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
