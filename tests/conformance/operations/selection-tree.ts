import type { GraphQLInputType, GraphQLOutputType } from 'graphql';

/** An operation before it is text. Generated without regard to conflicts: `printOperation` finds names that merge. */
export type SelectionTree = FieldTree | FragmentTree;

export interface FieldTree {
  readonly kind: 'field';
  /** The type on which it is selected. */
  readonly parent: string;
  readonly parentIsObject: boolean;
  readonly name: string;
  readonly type: GraphQLOutputType;
  readonly alias: string | null;
  readonly args: readonly ArgumentTree[];
  readonly conditions: readonly Condition[];
  /** Null for a leaf. */
  readonly selections: readonly SelectionTree[] | null;
}

export interface FragmentTree {
  readonly kind: 'fragment';
  /** Null: an inline fragment without a type condition. */
  readonly on: string | null;
  readonly named: boolean;
  /** A named fragment that was printed before and fits here takes the place of this one. */
  readonly reuse: boolean;
  readonly conditions: readonly Condition[];
  readonly selections: readonly SelectionTree[];
}

export interface ArgumentTree {
  readonly name: string;
  readonly type: GraphQLInputType;
  readonly input: Input;
}

/**
 * A value, and how the operation carries it: as a literal, as a variable, as the default of a variable that is not
 * sent, or as a variable that has another default. `absent`: a variable that is neither sent nor has a default.
 */
export interface Input {
  readonly as: 'literal' | 'variable' | 'default' | 'overridden default' | 'absent';
  readonly value: InputValue;
}
export type InputValue =
  | { readonly kind: 'plain'; readonly plain: unknown }
  | { readonly kind: 'list'; readonly of: GraphQLInputType; readonly items: readonly Input[] }
  | { readonly kind: 'object'; readonly fields: readonly ArgumentTree[] };

export interface Condition {
  readonly directive: 'skip' | 'include';
  readonly input: Input;
}

export interface OperationTree {
  readonly kind: 'query' | 'mutation';
  readonly selections: readonly SelectionTree[];
  /** What its variables are called, with a number behind from the second on. */
  readonly variablePrefix: string;
  /** A second operation in the document, which is not the one to run. */
  readonly other: readonly SelectionTree[] | null;
}
