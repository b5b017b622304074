import { asJson } from '@inevitable/toolchain/compose';
import { Option, type Command } from 'commander';
import { moveBetweenStores, type MoveCommandFlags } from '../parts/move-between-stores.js';
import { ExitCode, type CommandWorld } from './command.js';
import { wholeSeconds } from '../parts/whole-seconds.js';

const MOVE_HELP = `
Everything is moved: jobs that wait, with their keys, what they run after and their runs; those that have ended, as far as
JOBS_KEEP_DAYS says; definitions, schedules with their next due times, and which of those were run. MONGODB_URI names the
MongoDB, and DATABASE_URL (or JOBS_DATABASE_URL …, or nothing for the embedded one) the PostgreSQL.

Stop everything that runs jobs first: while a worker lives in either store, nothing is moved. Both are closed to workers,
everything is copied, then read and compared on both sides, and only then removed where it was. Where it is killed, run it
again: it goes on. Before it was compared --abandon takes it back.

Exit code: 0 moved, or there is nothing left to move; 1 not moved, and why; 2 it could not be tried.

Examples:
  MONGODB_URI=mongodb://stack:<password>@db/jobs stack jobs move --from postgres --to mongodb
  stack jobs move --from mongodb --to postgres --wait 120   waits for workers that are stopping
  stack jobs move --from postgres --to mongodb --abandon    takes back what a killed one had begun`;

const DEFAULT_WAIT_SECONDS = 60;

export function jobsCommand(program: Command, world: CommandWorld): void {
  const jobs = program.command('jobs').description('move the jobs from one database to another');
  const kind = (name: string, what: string) =>
    new Option(`--${name} <database>`, what).choices(['postgres', 'mongodb']).makeOptionMandatory();
  jobs
    .command('move')
    .description('move all jobs and schedules between PostgreSQL and MongoDB, of a stack that is stopped')
    .addOption(kind('from', 'where they are'))
    .addOption(kind('to', 'where they are to be'))
    .option(
      '--wait <seconds>',
      'how long to wait for workers to leave and runs to end',
      wholeSeconds,
      DEFAULT_WAIT_SECONDS,
    )
    .option('--abandon', 'end a move that has not ended as if it had not begun')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', MOVE_HELP)
    .action(async (flags: MoveCommandFlags & { readonly json?: true }, command: Command) => {
      if (flags.from === flags.to) command.error(`error: --from and --to are both ${flags.from}.`);
      const outcome = await moveBetweenStores(world, flags);
      process.exitCode = outcome.ok ? ExitCode.Ok : ExitCode.Findings;
      if (flags.json) world.print(`${asJson(outcome)}\n`);
      else (outcome.ok ? world.print : world.complain)(`${outcome.message}\n`);
    });
}
