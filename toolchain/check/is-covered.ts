import type { AnyOf, Requirement } from '@inevitable/gateway';

/** What a caller may hold, by kind and name, so that a scope and a policy of one name are two. */
const SIGNED_IN = 'signed in';
const SCOPE = 'scope ';

/** So many combinations of alternatives are looked at one by one. */
const MOST_COMBINATIONS = 1_000;

/**
 * Whether every caller that meets all of `met` meets all of `asked` too. Whoever has a scope is signed in. Where `met` has
 * more combinations of alternatives than can be looked at, some of what is covered counts as if it were not, never more.
 */
export function isCovered(asked: readonly Requirement[], met: readonly Requirement[]): boolean {
  const held = met.map(alternativesOf);
  const combinations = combined(held);
  return asked.map(alternativesOf).every((needed) => {
    const isEnough = (alternatives: AnyOf): boolean => alternatives.every((names) => satisfies(names, needed));
    return combinations === null ? held.some(isEnough) : isEnough(combinations);
  });
}

function alternativesOf(requirement: Requirement): AnyOf {
  switch (requirement.kind) {
    case 'authenticated':
      return [[SIGNED_IN]];
    case 'scopes':
      return named(requirement.anyOf, SCOPE);
    case 'policies':
      return named(requirement.anyOf, 'policy ');
  }
}

const named = (anyOf: AnyOf, kind: string): AnyOf => anyOf.map((together) => together.map((name) => `${kind}${name}`));

const satisfies = (names: readonly string[], needed: AnyOf): boolean => {
  const held = new Set(names);
  if (names.some((name) => name.startsWith(SCOPE))) held.add(SIGNED_IN);
  return needed.some((together) => together.every((name) => held.has(name)));
};

/** One alternative of each, in every combination. Null: there are too many. */
function combined(requirements: readonly AnyOf[]): AnyOf | null {
  const count = requirements.reduce((product, { length }) => product * length, 1);
  if (count > MOST_COMBINATIONS) return null;
  return requirements.reduce<AnyOf>(
    (combinations, alternatives) =>
      combinations.flatMap((names) => alternatives.map((together) => [...names, ...together])),
    [[]],
  );
}
