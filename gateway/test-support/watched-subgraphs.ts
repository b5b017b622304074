import type { SubgraphHandle } from '@inevitable/contract';
import { gate } from './gate.js';

/** A subgraph, and what it was asked. */
export function counted(handle: SubgraphHandle): { readonly handle: SubgraphHandle; readonly queries: string[] } {
  const queries: string[] = [];
  const execute: SubgraphHandle['execute'] = (request, context) => {
    queries.push(request.query);
    return handle.execute(request, context);
  };
  return { handle: { ...handle, execute }, queries };
}

export interface HeldSubgraph {
  readonly handle: SubgraphHandle;
  /** Resolves with the first request. */
  readonly asked: Promise<void>;
  /** Lets it answer what it was asked, and all that follows. */
  answer(): void;
}

/** A subgraph that answers when the test says so. */
export function held(handle: SubgraphHandle): HeldSubgraph {
  const [asked, answer] = [gate(), gate()];
  const execute: SubgraphHandle['execute'] = async (...request) => {
    asked.open();
    await answer.opened;
    return handle.execute(...request);
  };
  return { handle: { ...handle, execute }, asked: asked.opened, answer: answer.open };
}
