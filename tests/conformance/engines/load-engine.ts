import { loadSupergraphEngine } from '../../../gateway/engine/load-supergraph-engine.js';
import type { LoadEngine } from './engine-over-subgraphs.js';

/** The engine all of this is about. The label `loyalty` is on for about every other request. */
export const loadEngine: LoadEngine = (sdl, subgraphs, log) =>
  loadSupergraphEngine(sdl, subgraphs, log, {
    extensions: [
      {
        name: 'loyalty',
        contract: 1,
        decideOverride: (label, { requestId }) => (label === 'loyalty' ? requestId < '8' : undefined),
      },
    ],
  });
