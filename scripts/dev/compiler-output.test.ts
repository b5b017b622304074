import { describe, expect, it } from '@jest/globals';
import { CompilerOutput } from './compiler-output.js';

const OUTPUT = `
3:22:33 AM - Starting compilation in watch mode...

subgraphs/starter/a.ts(10,26): error TS7016: Could not find a declaration file for module 'cache'.
  If the package has one, add it.
error TS6053: File 'gone.ts' not found.

3:22:36 AM - Found 2 errors. Watching for file changes.

3:23:01 AM - File change detected. Starting incremental compilation...

3:23:02 AM - Found 0 errors. Watching for file changes.
`;

describe("The compiler's output", () => {
  it('tells when it begins, when it is done and what it found, in whatever pieces it arrives', () => {
    for (const pieces of [[OUTPUT], OUTPUT.split(/(?<=\n)/), [...OUTPUT]]) {
      const heard: unknown[] = [];
      const output = new CompilerOutput(
        '/project',
        () => heard.push('begun'),
        (errors) => heard.push(errors),
      );
      for (const piece of pieces) output.read(piece);
      expect(heard).toEqual([
        'begun',
        [
          {
            code: 'TS7016',
            severity: 'error',
            message: "Could not find a declaration file for module 'cache'.\nIf the package has one, add it.",
            place: { file: '/project/subgraphs/starter/a.ts', line: 10, column: 26 },
          },
          { code: 'TS6053', severity: 'error', message: "File 'gone.ts' not found." },
        ],
        'begun',
        [],
      ]);
    }
  });
});
