import { isDeepStrictEqual } from 'node:util';
import { parseSupergraphConfig, type SupergraphConfig } from '@inevitable/gateway';
import { isMap, isNode, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml';
import { SubgraphRefused } from './subgraph-names.js';

/** What supergraph.yaml is to say of a new product. */
export interface SupergraphEntry {
  readonly name: string;
  readonly port: number;
  /** Relative to supergraph.yaml, with slashes. */
  readonly schemaFile: string;
  readonly module: string;
}

/**
 * The text of supergraph.yaml with one subgraph and one product more, behind the last of each. Nothing that was there
 * changes by a byte: its comments, its order and how it is written. Throws `SubgraphRefused`, and `BadSupergraphConfig`
 * for a text that was none before.
 */
export function addToSupergraph(text: string, file: string, entry: SupergraphEntry): string {
  const before = parseSupergraphConfig(text, file);
  const { name, port, schemaFile, module } = entry;
  if (before.subgraphs.has(name) || before.products.has(name))
    throw new SubgraphRefused(`${file} lists "${name}" already: choose another name.`);
  const withSubgraph = addPair(text, 'subgraphs', name, {
    routing_url: `http://127.0.0.1:${port}/graphql`,
    schema: { file: schemaFile },
  });
  const after = addPair(withSubgraph, 'products', name, { module, path_prefix: `/${name}` });
  if (!isWith(entry, before, parseSupergraphConfig(after, file)))
    throw new SubgraphRefused(
      `${file} is written in a way that nothing can be added to by a program: add the product there by hand, as CONTRIBUTING.md says.`,
    );
  return after;
}

/** Whether all that was there is there still, and the new one with it. */
function isWith({ name }: SupergraphEntry, before: SupergraphConfig, after: SupergraphConfig): boolean {
  const without = <T>(all: ReadonlyMap<string, T>): [string, T][] => [...all].filter(([key]) => key !== name);
  return (
    after.subgraphs.has(name) &&
    after.products.has(name) &&
    isDeepStrictEqual(without(after.subgraphs), [...before.subgraphs]) &&
    isDeepStrictEqual(without(after.products), [...before.products])
  );
}

type Entry = { readonly [key: string]: string | Entry };

/** One pair more in a mapping of the document's own level; the mapping is made where there is none. */
function addPair(text: string, mapping: string, key: string, value: Entry): string {
  const document = parseDocument(text);
  const map = document.get(mapping, true) as Node | null | undefined;
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  if (isMap(map) && map.flow) return addToFlow(text, map, `${key}: ${flowOf(value)}`);
  if (isMap(map) && map.items.length) {
    const indent = ' '.repeat(columnOf(text, startOf(map.items[0]!)));
    return insertLines(text, endOf(map.items.at(-1)!), blockOf(key, value, indent, stepOf(text, map)), eol);
  }
  if (document.has(mapping)) return text; // an alias, or no mapping at all: not to be added to
  const lines = blockOf(key, value, '  ', '  ');
  return insertLines(text, text.trimEnd().length, ['', `${mapping}:`, ...lines], eol);
}

/** How far the mappings below this one are indented, as far as one shows it. */
function stepOf(text: string, map: YAMLMap): string {
  for (const { key, value } of map.items)
    if (isMap(value) && !value.flow && value.items.length)
      return ' '.repeat(columnOf(text, startOf(value.items[0]!)) - columnOf(text, (key as Node).range![0]));
  return '  ';
}

const columnOf = (text: string, position: number): number => position - (text.lastIndexOf('\n', position - 1) + 1);
const startOf = (pair: Pair): number => (pair.key as Node).range![0];

/** Where the last character of it is, without comments behind it. */
function endOf({ key, value }: Pair): number {
  const isEmpty = !isNode(value) || (isScalar(value) && value.value === null && value.range![0] === value.range![1]);
  return isEmpty ? (key as Node).range![1] : endOfNode(value);
}

function endOfNode(node: Node): number {
  if (isMap(node) && !node.flow && node.items.length) return endOf(node.items.at(-1)!);
  const last = isSeq(node) && !node.flow ? node.items.at(-1) : undefined;
  return isNode(last) ? endOfNode(last) : node.range![1];
}

function blockOf(key: string, value: string | Entry, indent: string, step: string): string[] {
  if (typeof value === 'string') return [`${indent}${key}: ${scalarOf(value)}`];
  return [`${indent}${key}:`, ...Object.entries(value).flatMap(([each, of]) => blockOf(each, of, indent + step, step))];
}

const flowOf = (value: string | Entry): string =>
  typeof value === 'string'
    ? `"${value}"`
    : `{ ${Object.entries(value)
        .map(([key, of]) => `${key}: ${flowOf(of)}`)
        .join(', ')} }`;

/** YAML reserves what begins with an @. */
const scalarOf = (text: string): string => (text.startsWith('@') ? `'${text}'` : text);

/** Behind the line that `position` is in. */
function insertLines(text: string, position: number, lines: readonly string[], eol: string): string {
  const isLineEnd = position > 0 && text[position - 1] === '\n'; // a block scalar ends with its line
  const lineEnd = isLineEnd ? position - 1 : text.indexOf('\n', position);
  const block = lines.join(eol);
  if (lineEnd === -1) return `${text}${text ? eol : ''}${block}${eol}`;
  return `${text.slice(0, lineEnd + 1)}${block}${eol}${text.slice(lineEnd + 1)}`;
}

function addToFlow(text: string, map: YAMLMap, pair: string): string {
  const last = map.items.at(-1);
  const at = last ? endOf(last) : map.range![0] + 1;
  return `${text.slice(0, at)}${last ? ', ' : ' '}${pair}${last ? '' : ' '}${text.slice(at)}`;
}
