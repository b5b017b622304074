import { resolve } from 'node:path';
import type { Finding } from '@inevitable/toolchain';

/** What `tsc --build --watch` says, as it says it; one for each run of it. */
export class CompilerOutput {
  #unread = '';
  #found: Finding[] = [];
  readonly #root: string;
  readonly #onBegin: () => void;
  readonly #onEnd: (errors: readonly Finding[]) => void;

  /** `onEnd`: it has compiled, with these errors, and waits for changes. */
  constructor(root: string, onBegin: () => void, onEnd: (errors: readonly Finding[]) => void) {
    this.#root = root;
    this.#onBegin = onBegin;
    this.#onEnd = onEnd;
  }

  /** Its standard output, in pieces. */
  read(text: string): void {
    const lines = (this.#unread + text).split('\n');
    this.#unread = lines.pop()!;
    for (const line of lines) this.#readLine(line.trimEnd());
  }

  #readLine(line: string): void {
    if (/ - (Starting compilation|File change detected)/.test(line)) {
      this.#found = [];
      return this.#onBegin();
    }
    if (/ - Found \d+ errors?\. Watching for file changes\./.test(line)) {
      const errors = this.#found;
      this.#found = [];
      return this.#onEnd(errors);
    }
    const at = /^(\S.*)\((\d+),(\d+)\): error (TS\d+): (.*)$/.exec(line);
    if (at) {
      const [, file, lineNumber, column, code, message] = at;
      const place = { file: resolve(this.#root, file!), line: Number(lineNumber), column: Number(column) };
      this.#found.push({ code: code!, severity: 'error', message: message!, place });
      return;
    }
    const nowhere = /^error (TS\d+): (.*)$/.exec(line);
    if (nowhere) return void this.#found.push({ code: nowhere[1]!, severity: 'error', message: nowhere[2]! });
    const last = this.#found.at(-1);
    if (last && /^\s+\S/.test(line))
      // what belongs to the error above
      this.#found[this.#found.length - 1] = { ...last, message: `${last.message}\n${line.trim()}` };
  }
}
