import { resolve } from 'node:path';
import {
  asJson,
  counted,
  countFindings,
  FINDING_FORMATS,
  findingsAsData,
  quotedText,
  readText,
  lintSchemas,
  readSubgraphs,
  readSupergraphConfig,
  RULES,
  tellFindings,
  type Finding,
  type FindingFormat,
} from '@inevitable/toolchain';
import { Option, type Command } from 'commander';
import { readProductFacts } from '../parts/product-facts.js';
import { progressTo } from '../parts/progress.js';
import { refuseJsonFormat } from '../parts/schema-commands/refuse-json-format.js';
import { ExitCode, type CommandWorld } from './command.js';

const NAMES_WIDTH = Math.max(...RULES.map(({ name }) => name.length)) + 2;

const HELP = `
Rules:
${RULES.map(({ name, says }) => `  ${name.padEnd(NAMES_WIDTH)}${says}`).join('\n')}

Their reasons are in docs/schema-rules.md. supergraph.yaml makes a rule stricter or less strict, and says where it does
not hold:
  lint:
    rules: { naming-convention: warn }          off, warn or error
    ignore:
      - { rule: relay-connections, at: Order.lines, reason: an order has at most 50 lines }

Exit code: 0 nothing found, or warnings and hints alone; 1 a rule of severity error is broken; 2 a file or a URL could not
be read, or there is no such rule or subgraph.

Examples:
  stack lint
  stack lint --subgraph billing
  stack lint --rule tenant-owned-behind-a-tenant --rule require-description
  stack lint --format github                      annotations in GitHub Actions
  stack lint --json`;

interface Flags {
  readonly subgraph?: string;
  readonly config?: string;
  readonly rule?: readonly string[];
  readonly json?: true;
  readonly format: FindingFormat;
}

export function lintCommand(program: Command, world: CommandWorld): void {
  program
    .command('lint')
    .description('hold the schemas of supergraph.yaml to the conventions, and look for leaks between tenants')
    .option('--subgraph <name>', 'tell what is found in this subgraph alone')
    .option('--config <file>', 'the supergraph configuration; SUPERGRAPH_CONFIG or supergraph.yaml unless told')
    .option('--rule <names...>', 'only these rules')
    .option('--json', 'one JSON object instead of text')
    .addOption(new Option('--format <format>', 'how findings are told').choices(FINDING_FORMATS).default('text'))
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      refuseJsonFormat(flags);
      const settings = world.settings();
      const path = flags.config === undefined ? settings.supergraphConfig : resolve(flags.config);
      const config = await readSupergraphConfig(path);
      const { step } = progressTo(world.complain);
      const subgraphs = await step('reading the schemas', () => readSubgraphs(path, config));
      const { facts, failures } = await step('loading the declarations of the products', () =>
        readProductFacts({ ...settings, supergraphConfig: path }, config, subgraphs),
      );
      const findings = lintSchemas({
        sources: subgraphs,
        settings: config.lint,
        settingsFile: path,
        products: facts,
        ...(flags.rule && { rules: flags.rule }),
        ...(flags.subgraph !== undefined && { subgraph: flags.subgraph }),
      }).map((finding) => withReason(finding, failures));

      const { root } = world;
      const ok = !findings.some(({ severity }) => severity === 'error');
      if (flags.json) world.print(`${asJson({ ok, findings: findingsAsData(findings, root) })}\n`);
      else {
        const quoted = quotedText(subgraphs);
        world.print(
          await tellFindings(flags.format, findings, {
            colours: world.colours,
            root,
            title: 'stack lint',
            // What a rule of supergraph.yaml breaks is in no schema.
            readFile: async (file) => (resolve(file) === resolve(path) ? readText(path) : quoted(file)),
          }),
        );
        if (flags.format === 'text')
          world.complain(`${counted(subgraphs.length, 'subgraph')}: ${countFindings(findings)}.\n`);
      }
      process.exitCode = ok ? ExitCode.Ok : ExitCode.Findings;
    });
}

/** A product that cannot be judged because its module does not load says why. */
function withReason(finding: Finding, failures: ReadonlyMap<string, string>): Finding {
  const failure = finding.severity === 'hint' ? failures.get(finding.subgraph ?? '') : undefined;
  return failure === undefined ? finding : { ...finding, details: [failure] };
}
