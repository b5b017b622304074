import type { LintException, LintSettings } from '@inevitable/gateway';
import { GraphQLError } from 'graphql';
import type { Finding, Place, Severity } from '../findings/finding.js';
import type { ProductFacts } from './leak/product-facts.js';
import { lintedGraph, parseSubgraph, type LintedSource, type LintedSubgraph, type SchemaPart } from './linted-graph.js';
import type { LintRule, RuleFinding } from './lint-rule.js';
import { RULES } from './rules/rules.js';

export interface LintInput {
  readonly sources: readonly LintedSource[];
  /** `lint:` of supergraph.yaml, and the file it is in. */
  readonly settings: LintSettings;
  readonly settingsFile: string;
  /** What is known of the products behind the subgraphs, by name. */
  readonly products: ReadonlyMap<string, ProductFacts>;
  /** Only these rules; all unless given. */
  readonly rules?: readonly string[];
  /** Only what is found in this subgraph; the others are looked at, because rules look across. */
  readonly subgraph?: string;
}

/** There is no rule, or no subgraph, of this name. */
export class UnknownToLint extends Error {}

/**
 * Holds the subgraphs' schemas to the rules. A schema that is not GraphQL is all that is found then. Throws `UnknownToLint`
 * for a rule or a subgraph that was asked for and does not exist.
 */
export function lintSchemas(input: LintInput): readonly Finding[] {
  const { sources, settings, settingsFile, products } = input;
  const asked = rulesAsked(input);
  const subgraphs: LintedSubgraph[] = [];
  const unparsable: Finding[] = [];
  for (const source of sources) {
    try {
      subgraphs.push(parseSubgraph(source));
    } catch (error) {
      unparsable.push(describeUnparsable(source, error));
    }
  }
  if (unparsable.length > 0) return unparsable;

  const graph = lintedGraph(subgraphs, products);
  const unused = new Set(settings.ignore);
  const findings: Finding[] = [];
  for (const rule of asked) {
    const level = settings.rules.get(rule.name)?.level;
    if (level === 'off') continue;
    const severity: Severity = level === undefined ? rule.severity : level === 'warn' ? 'warning' : 'error';
    for (const found of rule.find(graph)) {
      const exceptions = settings.ignore.filter(
        (exception) => exception.rule === rule.name && covers(exception, found.part),
      );
      for (const exception of exceptions) unused.delete(exception);
      if (exceptions.length === 0) findings.push(describe(rule, severity, found));
    }
    for (const { subgraph, message, repair } of rule.unjudged?.(graph) ?? [])
      findings.push({ code: rule.name, severity: 'hint', message, subgraph, ...(repair !== undefined && { repair }) });
  }
  const ofSchemas = input.subgraph === undefined ? findings : findings.filter((one) => one.subgraph === input.subgraph);
  const names = new Set(asked.map(({ name }) => name));
  return [
    ...ofSchemas.toSorted(byPlace),
    ...unknownRules(settings, settingsFile),
    ...[...unused].flatMap((exception) => (names.has(exception.rule) ? [unusedException(exception, input)] : [])),
  ];
}

function rulesAsked({ rules, subgraph, sources }: LintInput): readonly LintRule[] {
  if (subgraph !== undefined && !sources.some(({ name }) => name === subgraph))
    throw new UnknownToLint(
      `There is no subgraph "${subgraph}": supergraph.yaml lists ${sources.map(({ name }) => name).join(', ')}.`,
    );
  const unknown = rules?.find((name) => !RULES.some((rule) => rule.name === name));
  if (unknown !== undefined) throw new UnknownToLint(`There is no rule "${unknown}": the rules are ${ruleNames()}.`);
  return rules ? RULES.filter(({ name }) => rules.includes(name)) : RULES;
}

const ruleNames = (): string => RULES.map(({ name }) => name).join(', ');

function describeUnparsable({ name, file }: LintedSource, error: unknown): Finding {
  const finding = { code: 'INVALID_GRAPHQL', severity: 'error', subgraph: name } as const;
  if (error instanceof GraphQLError)
    return { ...finding, message: error.message, place: { file, ...error.locations?.[0] } };
  if (error instanceof RangeError)
    return { ...finding, message: 'Something in the schema is nested too deeply to be read.', place: { file } };
  throw error;
}

function describe(rule: LintRule, severity: Severity, { part, message, repair, alsoAt = [] }: RuleFinding): Finding {
  return {
    code: rule.name,
    severity,
    message,
    subgraph: part.subgraph.name,
    place: placeOf(part),
    ...(repair !== undefined && { repair }),
    ...(alsoAt.length > 0 && { alsoAt: alsoAt.map(placeOf) }),
  };
}

/** Of its name, below which a reader looks for it. */
function placeOf({ subgraph, node }: SchemaPart): Place {
  const token = node.name.loc?.startToken;
  return { file: subgraph.file, ...(token && { line: token.line, column: token.column }) };
}

function covers({ at }: LintException, { coordinate, typeName, kind }: SchemaPart): boolean {
  if (at.endsWith('.*')) return at === `${typeName}.*` && kind !== 'type';
  return at === coordinate || (kind === 'argument' && coordinate.startsWith(`${at}(`));
}

const unknownRules = ({ rules, ignore }: LintSettings, file: string): readonly Finding[] =>
  [
    ...[...rules].map(([name, { line }]) => ({ name, line })),
    ...ignore.map(({ rule, line }) => ({ name: rule, line })),
  ].flatMap(({ name, line }): Finding[] =>
    RULES.some((rule) => rule.name === name)
      ? []
      : [
          {
            code: 'unknown-rule',
            severity: 'error',
            message: `There is no rule "${name}".`,
            place: { file, line },
            repair: `The rules are ${ruleNames()}.`,
          },
        ],
  );

function unusedException({ rule, at, line }: LintException, { settings, settingsFile }: LintInput): Finding {
  const isOff = settings.rules.get(rule)?.level === 'off';
  return {
    code: 'unused-ignore',
    severity: 'warning',
    message: isOff
      ? `The rule "${rule}" is off, so that nothing of it is to be ignored at \`${at}\`.`
      : `The rule "${rule}" finds nothing at \`${at}\`: there is nothing to ignore.`,
    place: { file: settingsFile, line },
    repair: 'Take the entry out.',
  };
}

function byPlace(one: Finding, other: Finding): number {
  const [a, b] = [one.place, other.place];
  if (!a || !b) return Number(!a) - Number(!b);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}
