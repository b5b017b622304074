import { Kind, parse, valueFromASTUntyped, visit, type ASTNode, type DirectiveNode, type DocumentNode } from 'graphql';
import { z } from 'zod';
import { schemaLinks } from '../authorization/schema-links.js';

/** How long a list is, as `@listSize` says it. */
export interface ListSize {
  /** Where no slicing argument says more. */
  readonly assumedSize: number | null;
  /** Arguments of the field whose values are lengths, such as `first`; the largest counts. */
  readonly slicingArguments: readonly string[];
  /** Fields of the returned type that are the lists; none: the field itself is. */
  readonly sizedFields: readonly string[];
}

/** What a supergraph says about cost. */
export interface DeclaredCosts {
  /** `@cost` by coordinate: `Type`, `Type.field`, `Type.field(argument:)`, `Input.field`. Never negative. */
  readonly weights: ReadonlyMap<string, number>;
  /** `@listSize` by `Type.field`. */
  readonly listSizes: ReadonlyMap<string, ListSize>;
}

const COST = 'https://specs.apollo.dev/cost';

const cost = z.object({ weight: z.int() });
const listSize = z.object({
  assumedSize: z.int().nullish(),
  slicingArguments: z.array(z.string()).nullish(),
  sizedFields: z.array(z.string()).nullish(),
});

/**
 * Reads `@cost` and `@listSize` of a supergraph (IBM's GraphQL cost directives, as Federation 2.9 takes them), under
 * whichever names its `@link` gives them. What has arguments that do not fit says nothing: composition refuses it.
 */
export function readCosts(supergraph: DocumentNode | string): DeclaredCosts {
  const document = typeof supergraph === 'string' ? parse(supergraph, { noLocation: true }) : supergraph;
  const weights = new Map<string, number>();
  const listSizes = new Map<string, ListSize>();
  const links = schemaLinks(document).filter(({ identity }) => identity === COST);
  if (links.length === 0) return { weights, listSizes };
  const costNames = new Set(links.map((link) => link.directiveName('cost')));
  const listSizeNames = new Set(links.map((link) => link.directiveName('listSize')));
  visit(document, {
    Directive(applied, _key, _siblings, _path, ancestors) {
      const isCost = costNames.has(applied.name.value);
      if (!isCost && !listSizeNames.has(applied.name.value)) return;
      const coordinate = coordinateOf(ancestors.filter(isNode));
      if (coordinate === null) return;
      if (isCost) {
        const read = cost.safeParse(argumentsOf(applied));
        // Less than nothing would make an operation cheaper by asking for more.
        if (read.success) weights.set(coordinate, Math.max(0, read.data.weight));
      } else {
        const read = listSize.safeParse(argumentsOf(applied));
        if (read.success) listSizes.set(coordinate, sizeOf(read.data));
      }
    },
  });
  return { weights, listSizes };
}

const sizeOf = ({ assumedSize, slicingArguments, sizedFields }: z.infer<typeof listSize>): ListSize => ({
  assumedSize: assumedSize === null || assumedSize === undefined ? null : Math.max(0, assumedSize),
  slicingArguments: slicingArguments ?? [],
  sizedFields: sizedFields ?? [],
});

const argumentsOf = ({ arguments: given = [] }: DirectiveNode): Readonly<Record<string, unknown>> =>
  Object.fromEntries(given.map(({ name, value }) => [name.value, valueFromASTUntyped(value)]));

/** Of the place a directive stands at: null on the schema itself and on the definition of a directive. */
function coordinateOf([, type, member, argument]: readonly ASTNode[]): string | null {
  if (!type || type.kind === Kind.DIRECTIVE_DEFINITION || !('name' in type) || !type.name) return null;
  const names = [member, argument].map((node) => (node && 'name' in node && node.name ? node.name.value : null));
  const [memberName, argumentName] = names;
  if (memberName == null) return type.name.value;
  return `${type.name.value}.${memberName}${argumentName == null ? '' : `(${argumentName}:)`}`;
}

const isNode = (one: ASTNode | readonly ASTNode[]): one is ASTNode => 'kind' in one;
