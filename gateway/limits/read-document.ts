import { GraphQLError, parse, type DirectiveNode, type DocumentNode, type GraphQLSchema } from 'graphql';
import { MAX_ERRORS, refused } from '../graphql-over-http/refuse-document.js';
import { conditionOnEvents } from './condition-on-events.js';
import { countNodes } from './count-nodes.js';
import { asksForSchemaOnce } from './introspection-size.js';
import type { Limits } from './limits-settings.js';
import { locateErrors } from './locate-errors.js';
import { mergesWithin } from './merging-work.js';
import { rootFields, selectionDepth } from './selection-depth.js';
import { deepestSelfNesting } from './self-nesting.js';
import { validateDocument } from './validate-document.js';

/**
 * Sixty types with ten fields each at one place are 36,000. Validating the worst document within it took 15 ms, and up to
 * 100 without it.
 */
const MOST_MERGING = 50_000;

/** What is deferred is told apart by its place. Of any other document places are two thirds of what is kept, and a third of reading it. */
const NEEDS_PLACES = /defer/;

export interface ReadingRules {
  readonly limits: Limits;
  /** False: what is wrong is not told with names of the schema that would have been right. */
  readonly suggests: boolean;
  /** Throws for a document that is not to be run, before anything is said that depends on the schema. */
  readonly check?: (document: DocumentNode) => void;
}

/**
 * A document that is valid on the schema and within the limits. Whatever can be told without the schema is told first, in
 * time linear in the document: validation compares fields with each other. Throws `RequestRefused`.
 */
export function readDocument(
  source: string,
  schema: GraphQLSchema,
  { limits, suggests, check }: ReadingRules,
): DocumentNode {
  try {
    const document = parse(source, { maxTokens: limits.tokens, noLocation: !NEEDS_PLACES.test(source) });
    check?.(document);
    refuseBeyond(limits, document);
    const condition = conditionOnEvents(document);
    if (condition) throw invalid([dependingOnVariable(condition)], document, source);
    const errors = validateDocument(schema, document, { maxErrors: MAX_ERRORS, hideSuggestions: !suggests });
    if (errors.length > 0) throw invalid(errors, document, source);
    if (!asksForSchemaOnce(document, schema))
      throw tooLarge('The document asks for the schema several times over; once is enough.');
    const nesting = deepestSelfNesting(document, schema);
    if (nesting && nesting.times > limits.recursion)
      throw tooLarge(
        `"${nesting.field}" lies ${nesting.times} times on one path; ${limits.recursion} times is the limit.`,
      );
    return document;
  } catch (error) {
    if (error instanceof GraphQLError) throw refused('GRAPHQL_PARSE_FAILED', [error]);
    // Parser and rules recurse; a document that exhausts the stack is the client's doing.
    if (error instanceof RangeError)
      throw refused('GRAPHQL_PARSE_FAILED', [{ message: 'The document is nested too deeply.' }]);
    throw error;
  }
}

function refuseBeyond(limits: Limits, document: DocumentNode): void {
  const { aliases, directives } = countNodes(document);
  if (aliases > limits.aliases) throw tooLarge(`The document has ${aliases} aliases; ${limits.aliases} is the limit.`);
  if (directives > limits.directives)
    throw tooLarge(`The document has ${directives} directives; ${limits.directives} is the limit.`);
  const depth = selectionDepth(document);
  if (depth > limits.depth) throw tooLarge(`The document nests fields ${depth} deep; ${limits.depth} is the limit.`);
  if (!mergesWithin(MOST_MERGING, limits.depth, document))
    throw tooLarge('The document asks for the same fields at the same place too often.');
  const roots = rootFields(document);
  if (roots > limits.rootFields)
    throw tooLarge(`An operation asks for ${roots} root fields, aliases included; ${limits.rootFields} is the limit.`);
}

const dependingOnVariable = (condition: DirectiveNode): GraphQLError =>
  new GraphQLError(
    `Whether a subscription has its events cannot depend on a variable: take @${condition.name.value} from its root.`,
    { nodes: condition },
  );

const invalid = (errors: readonly GraphQLError[], document: DocumentNode, source: string) =>
  refused('GRAPHQL_VALIDATION_FAILED', locateErrors(errors, document, source));

const tooLarge = (message: string) => refused('GRAPHQL_VALIDATION_FAILED', [{ message }]);
