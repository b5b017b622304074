import { CompositionFailed } from '../parts/supergraph.js';
import { ok, problem, type Check, type Said } from './check.js';

/** supergraph.yaml composes, and the module of each product loads. Composing keeps this process busy for a second or two. */
export const supergraphCheck: Check = {
  name: 'supergraph',
  async run(patient) {
    if (!patient.settings) return [];
    const { supergraphConfig: file } = patient.settings;
    const config = await patient.config().catch((error: Error) => error);
    if (config instanceof Error) return [problem(config.message, 'Correct it: nothing starts before that.')];
    const { declarations, failures } = await patient.products();
    const said: Said[] = failures.map((failure) =>
      problem(failure, 'Correct its module in supergraph.yaml, or build the product: npm run build.'),
    );
    if (declarations.length) said.push(ok(`${declarations.map(({ name }) => name).join(', ')}: loaded.`));
    const composed = await patient.composed().catch((error: Error) => error);
    if (!(composed instanceof Error)) return [...said, ok(`${file} composes ${config.subgraphs.size} subgraphs.`)];
    const remedy =
      composed instanceof CompositionFailed
        ? 'Run "stack compose", which shows where and how to repair it.'
        : 'Correct it: nothing starts before that.';
    return [...said, problem(composed.message, remedy)];
  },
};
