import type { Command } from 'commander';
import { Conflict, NotFound, type Publication, type SchemaRegistry } from '@inevitable/contract';
import { asJson } from '@inevitable/toolchain/compose';
import { openRegistry } from '../parts/schema-commands/open-registry.js';
import { operatorName } from '../parts/schema-commands/operator-name.js';
import { progressTo } from '../parts/progress.js';
import { versionNumber } from '../parts/schema-commands/version-number.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
Any version that was published can be served again. Unless told it is the one that was served before this one: a second
"stack rollback" undoes the first. It is a line of its own in the history; nothing is removed. No check is made:
"stack diff" shows what changes.

Exit code: 0 rolled back, or that version is served already; 1 there is none to go back to, or somebody else published
meanwhile; 2 it could not be done.

Examples:
  stack rollback
  stack rollback --to 12 --message "13 is slow"
  stack rollback --registry https://graph.example.com    with STACK_TOKEN, in a running stack`;

interface Flags {
  readonly to?: number;
  readonly message?: string;
  readonly registry?: string;
  readonly json?: true;
}

export function rollbackCommand(program: Command, world: CommandWorld): void {
  program
    .command('rollback')
    .description('serve a version of the supergraph again that was published before')
    .option('--to <version>', 'which; the one that was served before this one unless told', versionNumber)
    .option('--message <text>', 'why, for those who read the history')
    .option('--registry <url>', "the stack to roll back; this machine's database unless told")
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const { step } = progressTo(world.complain);
      const { registry, close } = await step('opening the registry', () => openRegistry(world, flags.registry));
      try {
        const outcome = await step('rolling back', () => rollBack(registry, flags));
        process.exitCode = outcome.ok ? ExitCode.Ok : ExitCode.Findings;
        if (flags.json) world.print(`${asJson(outcome)}\n`);
        else (outcome.ok ? world.print : world.complain)(`${outcome.message}\n`);
      } finally {
        await close();
      }
    });
}

interface Outcome {
  readonly ok: boolean;
  readonly message: string;
  /** The version that was served; null: none. */
  readonly before: number | null;
  /** Null: nothing was changed. */
  readonly publication: Publication | null;
}

/** Throws `NotFound` for a version that does not exist. */
async function rollBack(registry: SchemaRegistry, { to: asked, message }: Flags): Promise<Outcome> {
  const [latest] = await registry.publications({ first: 1, before: null });
  const unchanged = (ok: boolean, text: string): Outcome => ({
    ok,
    message: text,
    before: latest?.version ?? null,
    publication: null,
  });
  if (!latest) return unchanged(false, 'Nothing was published yet, so there is nothing to roll back.');
  const to = asked ?? (await servedBefore(registry, latest));
  if (to === null)
    return unchanged(
      false,
      `Version ${latest.version} is the only one that was ever served: there is none to go back to.`,
    );
  if (to === latest.version) return unchanged(true, `Version ${to} is served already.`);
  try {
    const publication = await registry.rollback({
      to,
      by: operatorName(),
      reason: message ?? null,
      basedOn: latest.version,
    });
    return {
      ok: true,
      message: `Rolled back from version ${latest.version} to version ${to}. Gateways take it over within seconds.`,
      before: latest.version,
      publication,
    };
  } catch (error) {
    if (error instanceof NotFound)
      throw new NotFound(`version ${to} of the supergraph: "stack history" lists those there are`);
    if (!(error instanceof Conflict)) throw error;
    return unchanged(false, 'Somebody published meanwhile, so nothing was rolled back: look at "stack history".');
  }
}

/** Null: no other version was ever served. */
async function servedBefore(registry: SchemaRegistry, { position, version }: Publication): Promise<number | null> {
  for (let before = position; before > 1;) {
    const page = await registry.publications({ first: 100, before });
    const other = page.find((publication) => publication.version !== version);
    if (other) return other.version;
    before = page.at(-1)?.position ?? 0;
  }
  return null;
}
