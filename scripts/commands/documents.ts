import { readFile } from 'node:fs/promises';
import { apiSchemaOf } from '@inevitable/gateway';
import {
  counted,
  countFindings,
  documentManifest,
  FINDING_FORMATS,
  readOperationTexts,
  tellFindings,
  writtenOperations,
  type Finding,
  type FindingFormat,
} from '@inevitable/toolchain';
import { Option, type Command } from 'commander';
import { chosenSupergraph, type SupergraphChoice } from '../parts/schema-commands/chosen-supergraph.js';
import { writeAtomically } from '../parts/write-atomically.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
Writes the manifest that TRUSTED_DOCUMENTS_MANIFEST of a gateway names (docs/protection.md, "Trusted documents"): each
operation of a frontend with its fragments, in the format of Apollo's tools. Operations stand in .graphql files; what is
written into code with gql tags is extracted by the frontend's own tools, such as
@apollo/generate-persisted-query-manifest, whose manifests a gateway reads, too.

Each operation has to be valid on the schema, and to have a name of its own.

Exit code: 0 written, or with --check as it should be; 1 an operation is not valid, or with --check the file is not what
would be written; 2 something could not be read or written.

Examples:
  stack documents --operations src --output documents.json
  stack documents --operations 'apps/web/**/*.graphql' --typenames --output documents.json      for Apollo Client
  stack documents --operations src --output documents.json --check                              in CI
  stack documents --operations src --published                                                  on standard output`;

interface Flags extends SupergraphChoice {
  readonly operations: readonly string[];
  readonly output?: string;
  readonly typenames?: true;
  readonly check?: true;
  readonly format: FindingFormat;
}

/** `--check` needs something to check. */
class NothingToCompare extends Error {}

export function documentsCommand(program: Command, world: CommandWorld): void {
  program
    .command('documents')
    .description("write the list of a frontend's operations: the only ones that a gateway runs, if it is told so")
    .requiredOption('--operations <path...>', 'files, folders, patterns')
    .option('--output <file>', 'where to write the manifest; standard output unless told')
    .option('--typenames', 'add __typename to every selection, as Apollo Client does')
    .option('--check', 'write nothing: is --output what would be written?')
    .addOption(new Option('--published', 'on the version that is served, in place of the files').conflicts('config'))
    .addOption(new Option('--registry <url>', 'on the version that the stack at this URL serves').conflicts('config'))
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .addOption(new Option('--format <format>', 'how findings are told').choices(FINDING_FORMATS).default('text'))
    .addHelpText('after', HELP)
    .action((flags: Flags) => documents(flags, world));
}

async function documents(flags: Flags, world: CommandWorld): Promise<void> {
  const { output, typenames = false, check = false } = flags;
  if (check && output === undefined)
    throw new NothingToCompare('--check compares the file of --output with what would be written: give it, too.');
  const texts = await readOperationTexts(flags.operations, process.cwd());
  const operations = writtenOperations(texts);
  const { sdl } = await chosenSupergraph(world, flags);
  const manifest = documentManifest({ operations, schema: apiSchemaOf(sdl), typenames });

  if (manifest.kind === 'invalid') {
    const known = new Map(texts.map(({ file, text }) => [file, text]));
    await tell(manifest.findings, known, flags, world);
    const kept = output === undefined || check ? '' : `; ${output} stays as it was`;
    world.complain(`${counted(operations.length, 'operation')}: ${countFindings(manifest.findings)}${kept}.\n`);
    process.exitCode = ExitCode.Findings;
    return;
  }
  const count = counted(manifest.documents, 'document');
  if (output === undefined) world.print(manifest.text);
  else if (!check) {
    await writeAtomically(output, manifest.text);
    world.complain(`${count} written to ${output}.\n`);
  } else if ((await readFile(output, 'utf8').catch(() => null)) !== manifest.text) {
    world.complain(`${output} is not what would be written: run the command without --check.\n`);
    process.exitCode = ExitCode.Findings;
    return;
  } else world.complain(`${count}: ${output} is as it should be.\n`);
  process.exitCode = ExitCode.Ok;
}

async function tell(
  findings: readonly Finding[],
  texts: ReadonlyMap<string, string>,
  { format }: Flags,
  { colours, terminal, root, print, complain }: CommandWorld,
): Promise<void> {
  const told = await tellFindings(format, findings, {
    colours: format === 'text' && colours && terminal,
    root,
    title: 'stack documents',
    readFile: async (file) => texts.get(file) ?? '',
  });
  if (format === 'text') complain(told);
  else print(told);
}
