import { OPERATIONS } from '../operations.js';
import { MAIN } from '../runs/scenarios.js';

/** How many different requests there are: each document with some seed, each seed with some document. */
export const bodyCount = (documents: number): number => Math.max(documents, MAIN.seeds);

export const bodiesOf = (documents: number): readonly string[] =>
  Array.from({ length: bodyCount(documents) }, (_, at) =>
    JSON.stringify({ query: documentOf(at % documents), variables: { seed: at % MAIN.seeds } }),
  );

/** Another operation for every number, of the same work. The first is the one of `npm run bench`. */
const documentOf = (number: number): string =>
  number === 0 ? OPERATIONS.single : OPERATIONS.single.replace('query Single', `query Single${number}`);

/** By which clients say who they are. A single one says nothing, as that of `npm run bench`. */
export const clientHeaders = (clients: number): readonly Readonly<Record<string, string>>[] =>
  clients === 1
    ? [{}]
    : Array.from({ length: clients }, (_, at) => ({
        'apollographql-client-name': `client-${at}`,
        'apollographql-client-version': '1.0.0',
      }));
