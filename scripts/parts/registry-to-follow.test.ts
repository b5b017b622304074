import { describe, expect, it } from '@jest/globals';
import type { PublishedSupergraph, SupergraphVersion } from '@inevitable/contract';
import { pino } from 'pino';
import { readSettings } from '../settings/settings.js';
import { registryToFollow } from './registry-to-follow.js';

const FILES = { id: 'files', sdl: 'of the files' };
const THIRD: PublishedSupergraph = { number: 3, id: 'third', sdl: 'the third' };
const settings = readSettings({ SUPERGRAPH_CONFIG: 'deployed.yaml' }, '/clone');

/** A registry in the test's hands, and what was told and logged of it. */
function following(published: () => Promise<PublishedSupergraph | null>, files = () => Promise.resolve(FILES)) {
  const told: SupergraphVersion[] = [];
  const logged: string[] = [];
  let asked = 0;
  let tell!: (version: PublishedSupergraph) => void;
  let problemIs!: (problem: string | null) => void;
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(JSON.parse(line).msg as string) });
  const registry = registryToFollow(
    settings,
    { current: files },
    {
      current: () => {
        asked++;
        return published();
      },
      watch(onVersion, onProblem) {
        [tell, problemIs] = [onVersion, onProblem!];
        return () => void told.push({ id: 'ended', sdl: '' });
      },
    },
    log,
    { patienceMs: 300 },
  );
  const stop = registry.watch!((version) => told.push(version));
  return { registry, told, logged, tell, problemIs, stop, asked: () => asked };
}

const reasonOf = async ({ registry }: Pick<ReturnType<typeof following>, 'registry'>) =>
  await registry.checks['schema registry']!();
const healthy = { name: 'schema registry', ready: true, reason: null };

describe('A gateway begins with', () => {
  it('the version that was published last, whatever the files compose to', async () => {
    const { registry } = following(async () => THIRD);
    expect(await registry.current()).toEqual(THIRD);
    expect(await registry.servesInWords()).toBe(
      'supergraph: version 3 of the registry; deployed.yaml composes to another one ("stack diff" says how)',
    );
  });

  it('that version also where the files do not compose, and where they compose to the same', async () => {
    const broken = following(
      async () => THIRD,
      () => Promise.reject(new Error('The subgraphs do not compose')),
    );
    expect(await broken.registry.current()).toEqual(THIRD);
    expect(await broken.registry.servesInWords()).toBe(
      'supergraph: version 3 of the registry; deployed.yaml does not compose ("stack compose" says why)',
    );
    const same = following(
      async () => THIRD,
      async () => THIRD,
    );
    await same.registry.current();
    expect(await same.registry.servesInWords()).toBe('supergraph: version 3 of the registry');
  });

  it('what the files compose to, where nothing was published', async () => {
    const nothing = following(async () => null);
    expect(await nothing.registry.current()).toEqual(FILES);
    expect(await nothing.registry.servesInWords()).toBe(
      'supergraph: what deployed.yaml composes to, as nothing is published',
    );
    expect(await reasonOf(nothing)).toEqual(healthy);
    const neither = following(
      async () => null,
      () => Promise.reject(new Error('The subgraphs do not compose')),
    );
    await expect(neither.registry.current()).rejects.toThrow('The subgraphs do not compose');
  });

  it('what was published, by a registry that answers a moment later', async () => {
    const late = following(async () => {
      if (late.asked() < 2) throw new Error('Operations did not answer.');
      return THIRD;
    });
    expect(await late.registry.current()).toEqual(THIRD);
    expect(await reasonOf(late)).toEqual(healthy);
  });

  it('the files where the registry does not answer, says so, and takes over what was published once it does', async () => {
    const away = following(() => Promise.reject(new Error('Operations did not answer.')));
    expect(await away.registry.current()).toEqual(FILES);
    expect(await away.registry.servesInWords()).toBe(
      'supergraph: what deployed.yaml composes to, until the registry answers: Operations did not answer.',
    );
    expect(await reasonOf(away)).toEqual({
      ...healthy,
      reason: 'Operations did not answer. The gateway stays on the supergraph it has, until the registry answers.',
    });
    away.problemIs(null);
    away.tell(THIRD);
    expect(away.told).toEqual([THIRD]);
    expect(await reasonOf(away)).toEqual(healthy);
    expect(away.logged).toEqual([
      'The schema registry is not heard; trying again.',
      'The schema registry is heard again.',
    ]);
  });

  it('the files where the published version does not load, and says so', async () => {
    const { registry, logged } = following(async () => THIRD);
    await registry.current();
    expect(await registry.instead!(THIRD, new Error('it needs "billing".'))).toEqual(FILES);
    expect(await registry.servesInWords()).toBe(
      'supergraph: what deployed.yaml composes to, because version 3 of the registry does not load: it needs "billing".',
    );
    expect(logged).toEqual(['A published supergraph does not load: deployed.yaml is served.']);
  });

  it('nothing where neither loads', async () => {
    const unpublished = following(async () => null);
    await unpublished.registry.current();
    expect(await unpublished.registry.instead!(FILES, new Error('it is none.'))).toBe(null);
    const broken = following(
      async () => THIRD,
      () => Promise.reject(new Error('The subgraphs do not compose')),
    );
    await broken.registry.current();
    expect(await broken.registry.instead!(THIRD, new Error('it is none.'))).toBe(null);
  });

  it('the files alone where the settings say so: the registry is not asked', async () => {
    const alone = registryToFollow(settings, { current: async () => FILES }, null, pino({ level: 'silent' }));
    expect(await alone.current()).toEqual(FILES);
    expect(alone.watch).toBeUndefined();
    expect(alone.checks).toEqual({});
    expect(await alone.servesInWords()).toBe('supergraph: what deployed.yaml composes to (SUPERGRAPH_SOURCE=files)');
  });
});

describe('A gateway that follows the registry', () => {
  it('hears of every version until it stops', () => {
    const { tell, told, stop } = following(async () => null);
    tell(THIRD);
    stop();
    expect(told).toEqual([THIRD, { id: 'ended', sdl: '' }]);
  });

  it('tells once that nothing is heard, however long that lasts', () => {
    const { problemIs, logged } = following(async () => null);
    for (const problem of ['refused', 'no answer', null, null]) problemIs(problem);
    expect(logged).toEqual(['The schema registry is not heard; trying again.', 'The schema registry is heard again.']);
  });
});

describe('SUPERGRAPH_SOURCE', () => {
  it('is the registry unless files are wanted, and nothing else', () => {
    expect(settings.supergraphSource).toBe('registry');
    expect(readSettings({ SUPERGRAPH_SOURCE: 'files' }, '/clone').supergraphSource).toBe('files');
    expect(() => readSettings({ SUPERGRAPH_SOURCE: 'git' }, '/clone')).toThrow(
      'SUPERGRAPH_SOURCE ("git") cannot be used: ',
    );
  });
});
