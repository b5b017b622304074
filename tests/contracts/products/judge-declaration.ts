import type { SubgraphDeclaration } from '@inevitable/kit';

const PERMISSION = /^([a-z][a-z0-9-]*):[a-z][a-z0-9-]*:(read|write|admin)$/;
const COMMAND = /^[a-z][a-z0-9-]*$/;
/** As commander reads it, with or without a value. */
const OPTION = /^--[a-z][a-z0-9-]*( <[a-z-]+>)?$/;
const OF_THE_KIT = /^--(tenant|help)\b/;

/** What is wrong with the module of the product that supergraph.yaml calls `name`; each a sentence, none where it is well. */
export function judgeModule(name: string, { default: declared }: Readonly<Record<string, unknown>>): string[] {
  const declaration = declared as SubgraphDeclaration | undefined;
  if (typeof declaration !== 'object' || declaration === null)
    return [`The module of "${name}" has no default export: export { default } from './subgraph.js'.`];
  const findings: string[] = [];
  if (declaration.name !== name) findings.push(`The module of "${name}" declares "${declaration.name}".`);
  if (!Object.isFrozen(declaration))
    findings.push(`The declaration of "${name}" can be changed: make it with defineSubgraph.`);
  if (!declaration.owner) findings.push(`Nobody answers for "${name}": name its owner.`);
  if (declaration.database && declaration.database.product !== name)
    findings.push(`The database of "${name}" is declared as that of "${declaration.database.product}".`);
  return findings;
}

/** What is wrong with the names a product gives; each a sentence. */
export function judgeDeclaration({
  name: product,
  permissions = [],
  features = {},
  jobs = [],
  events = [],
  commands = [],
}: SubgraphDeclaration): string[] {
  const named = (what: string, names: readonly string[]) =>
    names
      .filter((each) => !each.startsWith(`${product}.`))
      .map((each) => `${what} "${each}" is not named after its product: its name begins with "${product}.".`);
  return [
    ...permissions
      .filter((each) => PERMISSION.exec(each)?.[1] !== product)
      .map((each) => `Permission "${each}" is not of the form ${product}:<things>:<read|write|admin>.`),
    ...twice('Permission', permissions),
    ...named('Feature', Object.keys(features)),
    ...Object.entries(features)
      .filter(([, plans]) => Object.keys(plans).length === 0)
      .map(([each]) => `Feature "${each}" is in no plan.`),
    ...named(
      'Job',
      jobs.map(({ name }) => name),
    ),
    ...jobs.filter(({ description }) => !description).map(({ name }) => `Job "${name}" has no description.`),
    ...named(
      'Event',
      events.map(({ name }) => name),
    ),
    ...events.filter(({ description }) => !description).map(({ name }) => `Event "${name}" has no description.`),
    ...twice(
      'Command',
      commands.map(({ name }) => name),
    ),
    ...commands.flatMap((command) => judgeCommand(product, command)),
  ];
}

function judgeCommand(
  product: string,
  { name, description, options = {}, examples }: NonNullable<SubgraphDeclaration['commands']>[number],
): string[] {
  const call = `stack ${product} ${name}`;
  const findings: string[] = [];
  if (!COMMAND.test(name)) findings.push(`Command "${name}" is not in small letters and dashes.`);
  if (!description) findings.push(`"${call}" has no description.`);
  for (const [option, meaning] of Object.entries(options)) {
    if (!OPTION.test(option))
      findings.push(`"${call}": option "${option}" is not of the form --name or --name <value>.`);
    if (OF_THE_KIT.test(option)) findings.push(`"${call}": "${option}" is the kit's own.`);
    if (!meaning) findings.push(`"${call}" does not say what "${option}" means.`);
  }
  if (!examples.length) findings.push(`"${call}" shows no example.`);
  for (const example of examples)
    if (!example.startsWith(call)) findings.push(`"${call}": the example "${example}" calls something else.`);
  return findings;
}

const twice = (what: string, names: readonly string[]): string[] =>
  [...new Set(names.filter((each, index) => names.indexOf(each) !== index))].map(
    (each) => `${what} "${each}" is declared twice.`,
  );
