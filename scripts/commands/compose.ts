import { randomBytes } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { compose, CompositionFailed, readSupergraphConfig, SupergraphUnreadable } from '../parts/supergraph.js';
import { ExitCode, type CommandWorld } from './command.js';

const EXAMPLES = `
Exit code: 0 composed, 1 the subgraphs do not fit together, 2 a file could not be read or written.

Examples:
  stack compose                                   the supergraph schema on standard output
  stack compose --output supergraph.graphql       written atomically
  stack compose --config other.yaml --json`;

export function composeCommand(program: Command, world: CommandWorld): void {
  program
    .command('compose')
    .description('compose the subgraphs of supergraph.yaml into one supergraph schema')
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--output <file>', 'where to write the schema; standard output unless told')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', EXAMPLES)
    .action(async ({ config, output, json }: { config?: string; output?: string; json?: true }) => {
      const path = config === undefined ? world.settings().supergraphConfig : resolve(config);
      try {
        const { sdl, hints } = await compose(path, await readSupergraphConfig(path));
        if (output) await writeAtomically(output, sdl);
        if (json) world.print(`${JSON.stringify({ ok: true, hints, ...(output ? { output } : { sdl }) })}\n`);
        else if (!output) world.print(`${sdl}\n`);
        if (!json) for (const hint of hints) world.complain(`hint: ${hint}\n`);
      } catch (error) {
        if (!(error instanceof CompositionFailed)) throw asUnreadable(error);
        if (json) world.print(`${JSON.stringify({ ok: false, findings: error.findings })}\n`);
        else world.complain(`${error.message}\n`);
        process.exitCode = ExitCode.Findings;
      }
    });
}

async function writeAtomically(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, text);
  await rename(draft, path);
}

function asUnreadable(error: unknown): Error {
  const { code, path } = error as NodeJS.ErrnoException;
  return code && path ? new SupergraphUnreadable(`${path} cannot be written (${code}).`) : (error as Error);
}
