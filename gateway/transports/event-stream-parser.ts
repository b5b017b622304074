/** One event of an event stream (HTML, section 9.2.6), as far as it was named. */
export interface StreamEvent {
  /** Empty where the stream gives it no type. */
  readonly type: string;
  /** Its lines, joined by line feeds. */
  readonly data: string;
  readonly id: string | null;
}

/** One event is longer than it may be. */
export class EventTooLong extends Error {
  constructor(maxLength: number) {
    super(`It sent an event of more than ${maxLength} characters.`);
  }
}

const LINE_END = /\r\n?|\n/g;

/**
 * Reads an event stream as it comes, in chunks cut anywhere. Ours, because the parser of `graphql-sse` has no bound and
 * passes over ids. `retry` is left out: nobody here reconnects by himself.
 */
export class EventStreamParser {
  readonly #maxLength: number;
  readonly #told: (event: StreamEvent) => void;
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not come. */
  #line = '';
  #endedWithReturn = false;
  #type = '';
  #data: string | null = null;
  #id: string | null = null;

  /** `maxLength`: of one event with the line being read, in UTF-16 code units. */
  constructor(maxLength: number, told: (event: StreamEvent) => void) {
    this.#maxLength = maxLength;
    this.#told = told;
  }

  /** Throws `EventTooLong`, and is of no use after that. */
  push(chunk: Uint8Array): void {
    let text = this.#decoder.decode(chunk, { stream: true });
    if (text === '') return;
    if (this.#endedWithReturn && text.startsWith('\n')) text = text.slice(1); // the other half of a line end
    this.#endedWithReturn = text.endsWith('\r');
    let start = 0;
    for (const { 0: end, index } of text.matchAll(LINE_END)) {
      this.#read(this.#line + text.slice(start, index));
      this.#line = '';
      start = index + end.length;
    }
    this.#line += text.slice(start);
    this.#keepWithin(this.#line.length);
  }

  #read(line: string): void {
    this.#keepWithin(line.length);
    if (line === '') return this.#tell();
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment, such as a heart-beat
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'event') this.#type = value;
    else if (field === 'data') this.#data = this.#data === null ? value : `${this.#data}\n${value}`;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #keepWithin(lineLength: number): void {
    const length = lineLength + this.#type.length + (this.#data?.length ?? 0) + (this.#id?.length ?? 0);
    if (length > this.#maxLength) throw new EventTooLong(this.#maxLength);
  }

  #tell(): void {
    const event = { type: this.#type, data: this.#data ?? '', id: this.#id };
    // HTML tells no event without data; the `complete` of GraphQL over SSE has none.
    const isOne = event.type !== '' || this.#data !== null;
    this.#type = '';
    this.#data = null;
    this.#id = null;
    if (isOne) this.#told(event);
  }
}
