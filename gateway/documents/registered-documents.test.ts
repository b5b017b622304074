import { describe, expect, it } from '@jest/globals';
import { RegisteredDocuments } from './registered-documents.js';

const text = (name: string, characters = 10) => name.padEnd(characters, ' ');
const flood = (documents: RegisteredDocuments, owner: string, count: number, characters?: number) => {
  for (let n = 0; n < count; n++) documents.register(`${owner}${n}`, text(`${owner}${n}`, characters), owner);
};

describe('Registered documents', () => {
  it('are everybody’s by their hash, whoever registered them', () => {
    const documents = new RegisteredDocuments();
    documents.register('h', 'text', 'acme');
    documents.register('h', 'text', 'globex');
    expect([documents.sourceOf('h'), documents.sourceOf('other')]).toEqual(['text', undefined]);
  });

  it('of one tenant go by its own flood, and those of others stay', () => {
    const documents = new RegisteredDocuments({ documents: 100, characters: 100_000 });
    flood(documents, 'globex', 10);
    flood(documents, 'acme', 10_000);
    const left = (owner: string, count: number) =>
      Array.from({ length: count }, (_, n) => documents.sourceOf(`${owner}${n}`)).filter(Boolean).length;
    expect([left('globex', 10), left('acme', 10_000)]).toEqual([10, 10]);
  });

  it('of one whose share is forgotten go with it, so that nobody has two', () => {
    const documents = new RegisteredDocuments({ documents: 100, characters: 100_000, owners: 2 });
    flood(documents, 'acme', 10);
    flood(documents, 'globex', 1);
    flood(documents, 'initech', 1);
    expect([documents.sourceOf('acme9'), documents.sourceOf('globex0')]).toEqual([undefined, text('globex0')]);
  });

  it('are bounded by their characters, too, of each tenant and together', () => {
    const documents = new RegisteredDocuments({ documents: 1_000, characters: 1_000 });
    flood(documents, 'acme', 20, 20);
    expect(documents.sourceOf('acme14')).toBeUndefined();
    expect(documents.sourceOf('acme15')).toBe(text('acme15', 20));
    for (let owner = 0; owner < 30; owner++) flood(documents, `tenant${owner}-`, 5, 20);
    expect(documents.sourceOf('acme19')).toBeUndefined();
    expect(documents.sourceOf('tenant29-4')).toBeDefined();
  });

  it('that had to go and were registered again by another are not taken away by the first one’s flood', () => {
    const documents = new RegisteredDocuments({ documents: 100, characters: 100_000 });
    documents.register('shared', 'text', 'acme');
    for (let owner = 0; owner < 20; owner++) flood(documents, `tenant${owner}-`, 10);
    expect(documents.sourceOf('shared')).toBeUndefined();
    documents.register('shared', 'text', 'globex');
    flood(documents, 'acme', 20);
    expect(documents.sourceOf('shared')).toBe('text');
  });
});
