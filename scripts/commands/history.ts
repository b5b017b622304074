import { InvalidArgumentError, type Command } from 'commander';
import { asJson, historyAsText } from '@inevitable/toolchain';
import { openRegistry } from '../parts/schema-commands/open-registry.js';
import { progressTo } from '../parts/progress.js';
import type { CommandWorld } from './command.js';

const HELP = `
The newest first. Every publication and every rollback is a line, and none of them is ever changed or removed. What was
passed over with --force is in --json.

Exit code: 0 told, 2 it could not be read.

Examples:
  stack history
  stack history --first 100 --json
  stack history --registry https://graph.example.com    with STACK_TOKEN, of a running stack`;

const MOST = 10_000;

interface Flags {
  readonly first: number;
  readonly registry?: string;
  readonly json?: true;
}

export function historyCommand(program: Command, world: CommandWorld): void {
  program
    .command('history')
    .description('which version of the supergraph was served from when on, and who published it')
    .option('--first <number>', 'how many', numberFrom, 20)
    .option('--registry <url>', "the stack that is asked; this machine's database unless told")
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(async ({ first, registry: url, json }: Flags) => {
      const { step } = progressTo(world.complain);
      const { registry, close } = await step('opening the registry', () => openRegistry(world, url));
      try {
        const publications = await step('reading the history', () => registry.publications({ first, before: null }));
        if (json) world.print(`${asJson({ ok: true, publications })}\n`);
        else world.print(historyAsText(publications, world));
      } finally {
        await close();
      }
    });
}

function numberFrom(text: string): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= MOST) return number;
  throw new InvalidArgumentError(`A whole number from 1 to ${MOST.toLocaleString('en')}.`);
}
