import type { FindingFormat } from '@inevitable/toolchain/compose';

/** Two answers are asked for at once. The message is one sentence that says what to leave out. */
export class TwoFormats extends Error {}

/** `--json` is a format of its own. Throws `TwoFormats` where another is asked for beside it. */
export function refuseJsonFormat({ json, format }: { readonly json?: true; readonly format: FindingFormat }): void {
  if (json && format !== 'text')
    throw new TwoFormats(`--json and --format ${format} are two ways to tell the same: leave out one of them.`);
}
