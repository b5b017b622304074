import type { SubgraphDeclaration } from '../subgraph/define-subgraph.js';
import { BadJob } from './define-job.js';

/**
 * `<product>.<what>`, of a job that the kit adds to every product with a database. Throws `BadJob` where the product declares
 * one of that name, which would be run in place of it.
 */
export function ownJobName({ name: product, jobs = [] }: SubgraphDeclaration, what: string): string {
  const name = `${product}.${what}`;
  if (jobs.some((job) => job.name === name))
    throw new BadJob(`Job "${name}" is the kit's own, for every product with a database: give yours another name.`);
  return name;
}
