/** Bytes, each a character of `text` (ISO 8859-1): with its head Node writes such a text at once, in place of two pieces. */
export class ByteText {
  constructor(readonly text: string) {}

  /** Bytes. */
  get length(): number {
    return this.text.length;
  }

  bytes(): Buffer {
    return Buffer.from(this.text, 'latin1');
  }

  /** What the bytes say in UTF-8. */
  toString(): string {
    return this.bytes().toString();
  }
}
