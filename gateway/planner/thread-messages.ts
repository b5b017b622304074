import type { LoadedSupergraph, PlanRequest } from './planner.js';
import type { PackedPlan } from './packed-plan.js';

/** What a planner thread is told. It answers the questions in the order in which they came. */
export type ThreadOrder = ThreadQuestion | { readonly kind: 'unload'; readonly supergraph: number };

export type ThreadQuestion = LoadQuestion | PlanQuestion;

export interface LoadQuestion {
  readonly kind: 'load';
  /** The number by which the supergraph is meant from now on. */
  readonly supergraph: number;
  readonly sdl: string;
}

/** Only after the thread has loaded the supergraph. */
export interface PlanQuestion {
  readonly kind: 'plan';
  readonly supergraph: number;
  readonly request: PlanRequest;
}

export type ThreadAnswer<Question extends ThreadQuestion = ThreadQuestion> =
  | { readonly kind: 'done'; readonly result: Question extends LoadQuestion ? LoadedSupergraph : PackedPlan }
  | { readonly kind: 'failed'; readonly reason: string };
