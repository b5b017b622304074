import { Kind, parse, print, type DocumentNode } from 'graphql';
import type { Choices } from './choices.js';

/** By kind of node and its key: whatever else some documents have there; undefined where one has nothing. */
export type Parts = ReadonlyMap<string, readonly unknown[]>;

export function partsOf(sources: readonly string[]): Parts {
  const parts = new Map<string, Map<string, unknown>>();
  for (const source of sources)
    for (const { sort, holder, key } of placesIn(parse(source, { noLocation: true }))) {
      const at = parts.get(sort) ?? new Map<string, unknown>();
      for (const value of [holder[key]].flat()) at.set(JSON.stringify(value), value);
      parts.set(sort, at);
    }
  return new Map([...parts].map(([sort, at]) => [sort, [...at.values()]]));
}

/** With so many slips: at a place is what one of the parts has there, or nothing, or it is there twice. */
export function spoil(source: string, parts: Parts, slips: number, choices: Choices): string {
  const document = parse(source, { noLocation: true });
  for (let slip = 0; slip < slips; slip++) slipIn(anyPlace(document, choices), parts, choices);
  const spoiled = print(document);
  return isDocument(spoiled) ? spoiled : source;
}

interface Place {
  readonly kind: string;
  /** What can be here, can be at others of its sort: any directive wherever directives can be. */
  readonly sort: string;
  readonly holder: Record<string, unknown>;
  readonly key: string;
}

function placesIn(node: unknown, found: Place[] = []): readonly Place[] {
  if (Array.isArray(node)) for (const one of node) placesIn(one, found);
  else if (isHolder(node))
    for (const key of Object.keys(node)) {
      if (key === 'kind') continue;
      found.push({ kind: node.kind, sort: key === 'directives' ? key : `${node.kind}.${key}`, holder: node, key });
      placesIn(node[key], found);
    }
  return found;
}

const isHolder = (node: unknown): node is Record<string, unknown> & { readonly kind: string } =>
  typeof node === 'object' && node !== null && 'kind' in node;

/** Of rare kinds as likely as of frequent ones. */
function anyPlace(document: DocumentNode, choices: Choices): Place {
  const places = placesIn(document);
  const { kind, key } = choices.oneOf([...new Map(places.map((place) => [place.kind + place.key, place])).values()]);
  return choices.oneOf(places.filter((place) => place.kind === kind && place.key === key));
}

function slipIn({ sort, holder, key }: Place, parts: Parts, choices: Choices): void {
  const other = (at = sort): unknown => structuredClone(choices.oneOf(parts.get(at) ?? [undefined]));
  const now = holder[key];
  if (!Array.isArray(now)) {
    holder[key] = other();
    return;
  }
  const at = choices.below(now.length + 1);
  switch (choices.oneOf(['add', 'drop', 'replace', 'double', 'wrap'])) {
    case 'add':
      now.splice(at, 0, other());
      break;
    case 'drop':
      now.splice(at, 1);
      break;
    case 'replace':
      now.splice(at, 1, other());
      break;
    case 'double':
      now.push(...structuredClone(now.slice(at, at + 1)));
      break;
    case 'wrap':
      if (key === 'selections') now.push(inlineFragment(now.splice(at), other('InlineFragment.typeCondition')));
  }
}

const inlineFragment = (selections: readonly unknown[], typeCondition: unknown) => ({
  kind: Kind.INLINE_FRAGMENT,
  typeCondition,
  directives: [],
  selectionSet: { kind: Kind.SELECTION_SET, selections },
});

function isDocument(text: string): boolean {
  try {
    parse(text, { noLocation: true });
    return true;
  } catch {
    return false;
  }
}
