import { asJson, counted } from '@inevitable/toolchain/compose';
import type { Command } from 'commander';
import picocolors from 'picocolors';
import type { Verdict } from '../doctor/check.js';
import { examine, worstOf, type CheckSaid } from '../doctor/examine.js';
import { openPatient, type Patient } from '../doctor/patient.js';
import { Scrubber } from '../doctor/secrets.js';
import { isSetting } from '../doctor/settings.js';
import { progressTo } from '../parts/progress.js';
import { ExitCode, type CommandWorld } from './command.js';

const EXAMPLES = `
It changes nothing, but for a document that it tries out in a MongoDB, and shows no secret. The embedded database is looked at while it runs; --start starts it, and stops it
again. Each check takes 5 s at most.
Exit code: 0 nothing is wrong (there may be warnings), 1 something is, 2 it could not look.

Examples:
  stack doctor
  stack doctor --start                            beside no stack, with the embedded database
  stack doctor --json | jq '.checks[] | select(.verdict != "ok")'`;

export function doctorCommand(program: Command, world: CommandWorld): void {
  program
    .command('doctor')
    .description('look at the machine, the settings, the database and everything the stack needs, and say what to do')
    .option('--start', 'start the embedded database, where it does not run, and stop it again')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', EXAMPLES)
    .action(async ({ start = false, json }: { start?: boolean; json?: true }) => {
      const { root, env, settings: readSettings } = world;
      const patient = openPatient({ root, env, readSettings, start });
      try {
        const progress = progressTo(world.complain);
        // Longer than a check may take. Where it fails, the check of the database tells.
        if (start) await progress.step('starting the embedded database', () => patient.database().catch(() => null));
        const looked = await progress.step('looking', () => examine(patient));
        const checks = cleaned(looked, await scrubberFor(patient));
        const verdict = worstOf(checks);
        world.print(
          json ? `${asJson({ ok: verdict !== 'problem', verdict, checks })}\n` : asText(checks, world.colours),
        );
        if (verdict === 'problem') process.exitCode = ExitCode.Findings;
      } finally {
        await patient.close();
      }
    });
}

/** Knows the secrets of the settings, and that of the embedded database, which is in a file. */
async function scrubberFor(patient: Patient): Promise<Scrubber> {
  const scrubber = new Scrubber(patient.env, isSetting);
  const side = await patient.database().catch(() => null);
  if (side) scrubber.addLogin(side.url);
  return scrubber;
}

const cleaned = (checks: readonly CheckSaid[], scrubber: Scrubber): readonly CheckSaid[] =>
  checks.map((check) => ({
    ...check,
    said: check.said.map((said) => ({
      ...said,
      message: scrubber.clean(said.message),
      ...(said.remedy !== undefined && { remedy: scrubber.clean(said.remedy) }),
    })),
  }));

const SIGNS: Readonly<Record<Verdict, string>> = { ok: 'ok', warning: 'warning', problem: 'PROBLEM' };
const COLUMN = 9;

function asText(checks: readonly CheckSaid[], colours: boolean): string {
  const { green, yellow, red, bold, dim } = picocolors.createColors(colours);
  const paint: Readonly<Record<Verdict, (text: string) => string>> = { ok: green, warning: yellow, problem: red };
  const lines = checks
    .filter(({ said }) => said.length)
    .flatMap(({ check, said }) => [
      bold(check),
      ...said.flatMap(({ verdict, message, remedy }) => [
        `  ${paint[verdict](SIGNS[verdict].padEnd(COLUMN))}${message}`,
        ...(remedy === undefined ? [] : [`  ${' '.repeat(COLUMN)}${dim(`→ ${remedy}`)}`]),
      ]),
    ]);
  const count = (verdict: Verdict): number =>
    checks.flatMap(({ said }) => said).filter((one) => one.verdict === verdict).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  return `${[...lines, '', lastLine(problems, warnings)].join('\n')}\n`;
}

function lastLine(problems: number, warnings: number): string {
  if (!problems && !warnings) return 'Nothing is wrong.';
  if (!problems) return `Nothing is wrong; ${counted(warnings, 'warning')}.`;
  return `${counted(problems, 'problem')}, ${counted(warnings, 'warning')}.`;
}
