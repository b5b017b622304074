/** Bytes, each a character of `text` (ISO 8859-1). Node writes such a text at once with its head, and bytes beside it. */
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
