import { describe, expect, it } from '@jest/globals';
import type { SubgraphHandle } from '@inevitable/contract';
import type { JoinGraph } from '../supergraph/join-graph.js';
import { accounts, handles } from '../test-support/test-subgraphs.js';
import { httpSubgraph } from './http-subgraph.js';
import { SubgraphDirectory, type OpenSubgraph } from './subgraph-directory.js';

const at = (name: string, place: string): JoinGraph => ({
  graph: name.toUpperCase(),
  name,
  url: `http://${place}.test`,
});

/** Tells what it opened and closed, in order. */
function opening() {
  const log: string[] = [];
  const open: OpenSubgraph = ({ name, url }) => watched(name, url, log);
  return { log, open };
}

function watched(name: string, url: string, log: string[]): SubgraphHandle {
  log.push(`open ${url}`);
  const handle = httpSubgraph({ name, routingUrl: url, contextTokens: null });
  const close = handle.close.bind(handle);
  handle.close = async () => {
    log.push(`close ${url}`);
    await close();
  };
  return handle;
}

describe('A subgraph', () => {
  it('that was given is that one, wherever the supergraph says it is', () => {
    const { open, log } = opening();
    const given = accounts();
    const directory = new SubgraphDirectory(handles(given), open);
    const subgraphs = directory.acquire([at('accounts', 'elsewhere'), at('notes', 'a')]);
    expect([...subgraphs.keys()]).toEqual(['accounts', 'notes']);
    expect(subgraphs.get('accounts')).toBe(given);
    expect(log).toEqual(['open http://a.test']);
  });

  it('is opened once for all supergraphs that say it is in one place', () => {
    const { open, log } = opening();
    const directory = new SubgraphDirectory(new Map(), open);
    const [one, other, moved] = ['a', 'a', 'b'].map((place) => directory.acquire([at('notes', place)]));
    expect(one!.get('notes')).toBe(other!.get('notes'));
    expect(moved!.get('notes')).not.toBe(one!.get('notes'));
    expect(log).toEqual(['open http://a.test', 'open http://b.test']);
  });

  it('is another when another is in its place', () => {
    const { open, log } = opening();
    const directory = new SubgraphDirectory(new Map(), open);
    directory.acquire([at('notes', 'a'), at('tasks', 'a')]);
    expect(log).toEqual(['open http://a.test', 'open http://a.test']);
  });

  it('is closed with the last supergraph that needs it, and not before', async () => {
    const { open, log } = opening();
    const directory = new SubgraphDirectory(new Map(), open);
    const first = directory.acquire([at('notes', 'a'), at('tasks', 'a')]);
    const second = directory.acquire([at('notes', 'b'), at('tasks', 'a')]);
    const third = directory.acquire([at('notes', 'a')]);
    log.length = 0;
    await directory.release(first);
    expect(log).toEqual([]);
    await directory.release(second);
    expect(log.sort()).toEqual(['close http://a.test', 'close http://b.test']);
    await directory.release(third);
    expect(log.at(-1)).toBe('close http://a.test');
    expect(log).toHaveLength(3);
  });

  it('is opened anew after it was closed', async () => {
    const { open, log } = opening();
    const directory = new SubgraphDirectory(new Map(), open);
    await directory.release(directory.acquire([at('notes', 'a')]));
    directory.acquire([at('notes', 'a')]);
    expect(log).toEqual(['open http://a.test', 'close http://a.test', 'open http://a.test']);
  });
});

describe('Subgraphs that cannot all be had', () => {
  it('are refused by the name of the first that is missing, where none can be opened', () => {
    const directory = new SubgraphDirectory(handles(accounts()), null);
    expect(() => directory.acquire([at('accounts', 'a'), at('notes', 'a'), at('tasks', 'a')])).toThrow(
      'The supergraph needs subgraph "notes", which is not among those this gateway was given.',
    );
  });

  it('are not left open', () => {
    const { open, log } = opening();
    const directory = new SubgraphDirectory(new Map(), (graph) => {
      if (graph.name === 'tasks') throw new Error('There are no tasks.');
      return open(graph);
    });
    expect(() => directory.acquire([at('notes', 'a'), at('tasks', 'a')])).toThrow('There are no tasks.');
    expect(log).toEqual(['open http://a.test', 'close http://a.test']);
  });
});

describe('Closing the directory', () => {
  it('closes every subgraph, those that were given and those in use too', async () => {
    const { open, log } = opening();
    const directory = new SubgraphDirectory(handles(watched('accounts', 'http://given.test', log)), open);
    directory.acquire([at('notes', 'a')]);
    directory.acquire([at('notes', 'b')]);
    log.length = 0;
    await directory.close();
    expect(log.sort()).toEqual(['close http://a.test', 'close http://b.test', 'close http://given.test']);
  });
});
