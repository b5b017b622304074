import { asJson } from '@inevitable/toolchain/compose';
import { BadUserInput, CallerError } from '@inevitable/contract';
import type { IdentityAdministration } from '@inevitable/identity';
import { ExitCode, type CommandWorld } from '../commands/command.js';
import { Closers } from './closers.js';
import { openForOperator, type OperatorSide } from './open-for-operator.js';

export interface AdministerFlags {
  readonly json?: true;
}

/** What was done: for `--json`, and in words. */
export interface Done {
  readonly facts: object;
  readonly text: string;
  /** True: something was looked for and found, which is exit code 1. */
  readonly findings?: boolean;
}

/** Both of `stack tenant` and `stack user`. */
export const ADMINISTER_EXITS = 'Exit code: 0 done; 1 not done, and why; 2 it could not be tried.';
export const JSON_FLAG = ['--json', 'one JSON object instead of text'] as const;

/** Why an operator does something, unless they say. */
export const OPERATORS_REASON = 'decided by an operator';

/** Opens core-identity, does what an operator asks of it, and prints what came of it. What it refuses is exit code 1. */
export async function administer(
  world: CommandWorld,
  { json }: AdministerFlags,
  work: (administration: IdentityAdministration, side: OperatorSide) => Promise<Done>,
): Promise<void> {
  const closers = new Closers();
  try {
    const side = await openForOperator(world, closers);
    const { facts, text, findings = false } = await work(side.identity.administration, side);
    if (findings) process.exitCode = ExitCode.Findings;
    world.print(`${json ? asJson({ ok: !findings, ...facts }) : text}\n`);
  } catch (error) {
    if (!(error instanceof CallerError)) throw error;
    process.exitCode = ExitCode.Findings;
    if (json) world.print(`${asJson({ ok: false, code: error.code, message: inWords(error) })}\n`);
    else world.complain(`${inWords(error)}\n`);
  } finally {
    await closers.closeAll();
  }
}

/** What is wrong with an input begins in the middle of a sentence, for forms that show it beside the field. */
function inWords(error: CallerError): string {
  const field = error instanceof BadUserInput ? error.details.field : undefined;
  const isSentence = /^[A-Z]/.test(error.message);
  return field === undefined || isSentence ? error.message : `${field.split('.').at(-1)} ${error.message}`;
}

/** Every page of a list. `keyOf`: what the next page begins behind. */
export async function allPages<Row>(
  read: (after: string | null) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (let page = await read(null); page.length > 0; page = await read(keyOf(page.at(-1)!))) all.push(...page);
  return all;
}

/** Rows in columns of even width, the last one as wide as it is. */
export function inColumns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length))) ?? [];
  return rows
    .map((row) => row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column]!) : cell)).join('  '))
    .join('\n');
}
