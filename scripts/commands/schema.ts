import { apiSchemaOf } from '@inevitable/gateway';
import { asJson } from '@inevitable/toolchain/compose';
import { Option, type Command } from 'commander';
import { lexicographicSortSchema, printSchema } from 'graphql';
import {
  chosenSupergraph,
  type ChosenSupergraph,
  type SupergraphChoice,
} from '../parts/schema-commands/chosen-supergraph.js';
import { ExitCode, type CommandWorld } from './command.js';

const HELP = `
Without a choice it is the API schema: what clients see.

Exit code: 0 printed, 2 there is no such schema, or the subgraphs do not compose ("stack compose" says why).

Examples:
  stack schema                                    for code generators and editors
  stack schema --sort > api.graphql               in alphabetical order, to compare two
  stack schema --supergraph                       with the directives that gateways read
  stack schema --subgraph billing                 as its team wrote it
  stack schema --published                        of the version that is served
  stack schema --registry https://stack.example.com --json`;

interface Flags extends SupergraphChoice {
  readonly supergraph?: true;
  readonly subgraph?: string;
  readonly sort?: true;
  readonly json?: true;
}

export function schemaCommand(program: Command, world: CommandWorld): void {
  program
    .command('schema')
    .description('print the API schema, the supergraph schema or one subgraph schema')
    .addOption(new Option('--api', 'the API schema, which it is anyway').conflicts(['supergraph', 'subgraph']))
    .addOption(new Option('--supergraph', 'the supergraph schema').conflicts('subgraph'))
    .option('--subgraph <name>', 'the schema of this subgraph')
    .addOption(new Option('--sort', 'in alphabetical order; API schema only').conflicts(['supergraph', 'subgraph']))
    .addOption(new Option('--published', 'of the version that is served, in place of the files').conflicts('config'))
    .addOption(new Option('--registry <url>', 'of the version that the stack at this URL serves').conflicts('config'))
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--json', 'one JSON object instead of text')
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const chosen = await chosenSupergraph(world, flags);
      const schema = textOf(chosen, flags);
      if (flags.json) world.print(`${asJson({ ok: true, version: chosen.version, schema })}\n`);
      else world.print(schema.endsWith('\n') ? schema : `${schema}\n`);
      process.exitCode = ExitCode.Ok;
    });
}

/** No subgraph has the name that was asked for. */
class NoSuchSubgraph extends Error {}

/** Throws `NoSuchSubgraph`. */
function textOf({ sdl, subgraphs }: ChosenSupergraph, { supergraph, subgraph, sort }: Flags): string {
  if (supergraph) return sdl;
  if (subgraph === undefined) {
    const schema = apiSchemaOf(sdl);
    return printSchema(sort ? lexicographicSortSchema(schema) : schema);
  }
  const text = subgraphs.get(subgraph);
  if (text === undefined)
    throw new NoSuchSubgraph(`There is no subgraph "${subgraph}": there are ${[...subgraphs.keys()].join(', ')}.`);
  return text;
}
