import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { writeFiles } from '../../test-support/write-files.js';
import { candidateToPublish } from './candidate-to-publish.js';
import { readCandidate } from './check-sides.js';

/** Of Federation 1, as its own server answers it: it composes as long as nothing is added to it. */
const served = (field: string) => `type Query { ${field}: Size }\ntype Size { width: Int }\n`;
const published = {
  id: 'x',
  sdl: '',
  number: 3,
  subgraphs: [
    { name: 'notes', routingUrl: 'http://notes.test/graphql', sdl: 'type Query { old: Int }\n' },
    { name: 'pages', routingUrl: 'http://pages.test/graphql', sdl: served('page') },
    { name: 'walls', routingUrl: 'http://walls.test/graphql', sdl: served('wall') },
  ],
  createdAt: new Date(0),
  createdBy: 'ada',
  gitRevision: null,
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'published-beside-'));
  await writeFiles(folder, {
    'supergraph.yaml': `subgraphs:
  notes: { routing_url: "http://notes.test/graphql", schema: { file: notes.graphql } }
  pages: { routing_url: "http://pages.test/graphql", schema: { subgraph_url: "http://pages.test/graphql" } }
  walls: { routing_url: "http://walls.test/graphql", schema: { subgraph_url: "http://walls.test/graphql" } }
`,
    'notes.graphql': 'type Query { notes: Int }\n',
  });
});
afterAll(() => rm(folder, { recursive: true }));

describe('One subgraph over those that are published', () => {
  it('is checked with just what it is published with, and what its own server answered is taken as it is', async () => {
    const [config, file] = [join(folder, 'supergraph.yaml'), join(folder, 'notes.graphql')];
    const checked = await readCandidate(config, { name: 'notes', file }, published);
    const one = { name: 'notes', schema: file, routingUrl: undefined };
    const toPublish = await candidateToPublish({ config, one }, published);

    const byName = (left: { name: string }, right: { name: string }) => left.name.localeCompare(right.name);
    expect(checked.subgraphs).toEqual(toPublish.toSorted(byName));
    expect(checked.subgraphs.map(({ name, served }) => [name, served])).toEqual([
      ['notes', false],
      ['pages', true],
      ['walls', true],
    ]);
    expect([checked.supergraph === null, checked.composition]).toEqual([false, []]);
  });
});
