import {
  getLocation,
  GraphQLError,
  Kind,
  parse,
  print,
  Source,
  visit,
  type ASTNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
} from 'graphql';
import { z } from 'zod';
import type { Place } from '../findings/finding.js';
import type { KnownOperation } from './known-operation.js';

/** A file with operations. */
export interface OperationText {
  readonly file: string;
  readonly text: string;
}

/** A file with operations that cannot be used; a whole sentence that names it. */
export class OperationsUnreadable extends Error {}

/** Apollo's "persisted query manifest" (`@apollo/generate-persisted-query-manifest`), version 1. */
const manifest = z.object({
  format: z.literal('apollo-persisted-query-manifest'),
  version: z.literal(1),
  operations: z.array(z.object({ name: z.string().optional(), body: z.string() })),
});

interface Parsed {
  readonly file: string;
  readonly source: Source;
  /** False: it is a part of a manifest, and its lines are not the file's. */
  readonly isWholeFile: boolean;
  readonly operations: readonly OperationDefinitionNode[];
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
}

/** An operation as it stands in a file. */
export interface WrittenOperation {
  readonly name: string | null;
  /** The operation, then the fragments it uses; each node knows the file it is from. */
  readonly document: DocumentNode;
  readonly place: Place;
}

/** `writtenOperations`, for whom a change of the schema may break. */
export const operationsInTexts = (texts: readonly OperationText[]): readonly KnownOperation[] =>
  writtenOperations(texts).map(({ name, document, place }) => ({
    name,
    document: document.definitions.map((node) => print(node)).join('\n'),
    inputs: null,
    count: 0,
    lastSeen: null,
    clients: [],
    signature: null,
    place,
  }));

/**
 * The operations of `.graphql` files and of persisted-query manifests (`.json`), each with the fragments it uses. A
 * fragment may stand in another file, as client tools allow. Throws `OperationsUnreadable`.
 */
export function writtenOperations(texts: readonly OperationText[]): readonly WrittenOperation[] {
  const parsed = texts.flatMap(({ file, text }) =>
    file.toLowerCase().endsWith('.json')
      ? bodiesIn(file, text).map((body) => parseText(file, body, false))
      : [parseText(file, text, true)],
  );
  const known = new Map<string, Parsed[]>();
  for (const one of parsed) for (const name of one.fragments.keys()) known.set(name, [...(known.get(name) ?? []), one]);

  return parsed.flatMap((one) =>
    one.operations.map((operation): WrittenOperation => {
      const { line, column } = getLocation(one.source, operation.loc!.start);
      return {
        name: operation.name?.value ?? null,
        document: { kind: Kind.DOCUMENT, definitions: [operation, ...fragmentsUsedIn(operation, one, known)] },
        place: one.isWholeFile ? { file: one.file, line, column } : { file: one.file },
      };
    }),
  );
}

/** Those of the file in which a fragment is spread come first; elsewhere there may be only one of its name. */
function fragmentsUsedIn(
  operation: OperationDefinitionNode,
  of: Parsed,
  known: ReadonlyMap<string, readonly Parsed[]>,
): readonly FragmentDefinitionNode[] {
  const used = new Map<string, FragmentDefinitionNode>();
  const addUsedIn = (node: ASTNode, holder: Parsed): void =>
    void visit(node, {
      FragmentSpread({ name: { value: name } }) {
        const holders = holder.fragments.has(name) ? [holder] : (known.get(name) ?? []);
        const texts = new Set(holders.map(({ fragments }) => print(fragments.get(name)!)));
        const before = used.get(name);
        if (before) texts.add(print(before));
        if (texts.size > 1)
          throw new OperationsUnreadable(
            `${of.file} uses fragment "${name}", and several files define it differently: rename one of them.`,
          );
        const [first] = holders;
        if (!first || before) return; // where there is none, validation says so
        used.set(name, first.fragments.get(name)!);
        addUsedIn(first.fragments.get(name)!, first);
      },
    });
  addUsedIn(operation, of);
  return [...used.values()];
}

function parseText(file: string, text: string, isWholeFile: boolean): Parsed {
  const source = new Source(text, file);
  try {
    const { definitions } = parse(source);
    return {
      file,
      source,
      isWholeFile,
      operations: definitions.flatMap((node) => (node.kind === Kind.OPERATION_DEFINITION ? [node] : [])),
      fragments: new Map(
        definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])),
      ),
    };
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const [place] = error.locations ?? [];
    const at = isWholeFile && place ? `${file}:${place.line}:${place.column}` : file;
    throw new OperationsUnreadable(`${at} is not valid GraphQL: ${error.message}`);
  }
}

function bodiesIn(file: string, text: string): readonly string[] {
  const read = manifest.safeParse(parseJson(file, text));
  if (read.success) return read.data.operations.map(({ body }) => body);
  throw new OperationsUnreadable(
    `${file} is no persisted-query manifest: it needs "format": "apollo-persisted-query-manifest", "version": 1 and "operations" with a "body" each.`,
  );
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OperationsUnreadable(`${file} is not valid JSON: ${(error as Error).message}.`);
  }
}
