import type { LintedGraph, SchemaPart } from './linted-graph.js';

/** What a rule found at one place. */
export interface RuleFinding {
  readonly part: SchemaPart;
  /** In whole sentences. */
  readonly message: string;
  readonly repair?: string;
  /** The other places it speaks of. */
  readonly alsoAt?: readonly SchemaPart[];
}

/** What a rule could not judge, of one subgraph. Told as a hint. */
export interface Unjudged {
  readonly subgraph: string;
  readonly message: string;
  readonly repair?: string;
}

export interface LintRule {
  readonly name: string;
  /** What holds, in one sentence. */
  readonly says: string;
  /** Why, in a sentence or two. */
  readonly reason: string;
  /** Unless supergraph.yaml says otherwise. */
  readonly severity: 'error' | 'warning';
  find(graph: LintedGraph): Iterable<RuleFinding>;
  unjudged?(graph: LintedGraph): Iterable<Unjudged>;
}
