import type { FetchRewrite, PlanSelection } from '../planner/query-plan.js';
import type { KeyFields } from '../supergraph/entity-keys.js';
import { evaluate, literal, nameSupply, own, read } from './generated-code.js';
import { jsonText, quoted } from './json-text.js';
import { conditionIn, EACH } from './plan-paths.js';
import type { Representations } from './representations.js';
import type { TypeConditions } from './type-conditions.js';

/** Walks the answer so far to where a fetch belongs, and adds the representation of each entity it finds there. */
export type Gather = (data: object, into: Representations) => void;

/** What a fetch wants to know of each entity. */
export interface Requirements {
  readonly requires: readonly PlanSelection[];
  /** The plan's input rewrites. */
  readonly rewrites: readonly FetchRewrite[];
  /** The keys by which the subgraph that is asked answers a type; null: not known, any representation will do. */
  keysOf(type: string): readonly KeyFields[] | null;
  /** Objects that have all of this are another fetch's. */
  readonly unless?: Pick<Requirements, 'requires' | 'rewrites'> | null;
}

/**
 * Generates the walk along `path` and the representations of what it finds. An object is not an entity to ask for when
 * nothing required fits its type, when it lacks a required field, or when what is required of its type holds no key.
 */
export function compileGather(
  path: readonly (string | number)[],
  requirements: Requirements,
  types: TypeConditions,
): Gather {
  const builders = new RepresentationBuilders(types, requirements);
  const build = builders.forEntities();
  const leaves = requirements.unless ? null : leavesOf(requirements.requires);
  return evaluate<Gather>(
    `${builders.code.join('\n')}
return (data, into) => {
let t;
${leaves ? `const seen = into.seenBy(${literal(JSON.stringify([requirements.requires, requirements.rewrites]))});` : ''}
${walk(path, 'data', (place) => (leaves ? addUnlessSeen(place, leaves, build) : `if ((t = ${build}(${place})) !== undefined) into.add(t, ${place});`))}
};`,
    { quoted, jsonText, own },
  );
}

/**
 * The same few entities stand in many places: an object with the values of one that was seen needs no representation of
 * its own. Comparing is several times cheaper than writing the text and looking it up (`npm run bench`, deep).
 */
function addUnlessSeen(place: string, [key, ...others]: Leaves, build: string): string {
  const same = ['__typename', ...others].map((name) => `${read('e.object', name)} === ${read(place, name)}`);
  const value = read(place, key);
  return `const k = ${value}, e = seen.get(k);
if (e !== undefined && ${same.join(' && ')}) into.addKnown(e.entity, ${place});
else if ((t = ${build}(${place})) !== undefined) {
const entity = into.add(t, ${place});
if (e === undefined) seen.set(k, { object: ${place}, entity });
}`;
}

/** The representation of one object as JSON; undefined for an object that is not an entity to ask for. */
export type Represent = (object: object) => string | undefined;

/** What `compileGather` adds for each place, for a single one. */
export function compileRepresentation(requirements: Requirements, types: TypeConditions): Represent {
  const builders = new RepresentationBuilders(types, requirements);
  const build = builders.forEntities();
  return evaluate<Represent>(`${builders.code.join('\n')}\nreturn ${build};`, { quoted, jsonText, own });
}

/** Nested loops and look-ups; what is not there is passed by. */
export function walk(path: readonly (string | number)[], from: string, at: (place: string) => string): string {
  const name = nameSupply();
  const step = (depth: number, value: string): string => {
    const key = path[depth];
    if (key === undefined) return `if (typeof ${value} === 'object' && ${value} !== null) { ${at(value)} }`;
    const next = name('v');
    if (key === EACH) {
      const index = name('i');
      return `if (Array.isArray(${value})) for (let ${index} = 0; ${index} < ${value}.length; ${index}++) { const ${next} = ${value}[${index}]; ${step(depth + 1, next)} }`;
    }
    return `if (typeof ${value} === 'object' && ${value} !== null) { const ${next} = ${read(value, String(key))}; ${step(depth + 1, next)} }`;
  };
  return step(0, from);
}

/** What the plan wants otherwise in a representation than the data have it. */
interface Change {
  readonly path: readonly string[];
  /** JSON that stands there whatever the data say; null: theirs. */
  readonly text: string | null;
  /** The key it is sent under; null: its own. */
  readonly key: string | null;
}

const changes = (rewrites: readonly FetchRewrite[]): readonly Change[] =>
  rewrites.map((rewrite) =>
    rewrite.kind === 'ValueSetter'
      ? { path: rewrite.path, text: jsonText(rewrite.setValueTo), key: null }
      : { path: rewrite.path, text: null, key: rewrite.renameKeyTo },
  );

/** By response name, with the selections below those that have some. */
type Fields = ReadonlyMap<string, readonly PlanSelection[] | null>;

/** All fields that representations are made of but `__typename`, where none of them has fields of its own. */
type Leaves = readonly [string, ...string[]];

function leavesOf(requires: readonly PlanSelection[]): Leaves | null {
  const names = new Set<string>();
  const areLeaves = (selections: readonly PlanSelection[]): boolean =>
    selections.every((selection) => {
      if (selection.kind === 'InlineFragment') return areLeaves(selection.selections);
      names.add(selection.alias ?? selection.name);
      return selection.selections === undefined;
    });
  if (!areLeaves(requires)) return null;
  names.delete('__typename');
  const [first, ...others] = names;
  return first === undefined ? null : [first, ...others];
}

class RepresentationBuilders {
  /** One function each: `(object) => text | undefined`. */
  readonly code: string[] = [];
  readonly #types: TypeConditions;
  readonly #requirements: Requirements;
  readonly #name = nameSupply();

  constructor(types: TypeConditions, requirements: Requirements) {
    this.#types = types;
    this.#requirements = requirements;
  }

  forEntities(): string {
    const { requires, rewrites, unless } = this.#requirements;
    const build = this.#forSelections(requires, changes(rewrites), 'entity');
    if (!unless) return build;
    // Of several types each has leaves of its own.
    const leaves = [...conditionsIn(unless.requires)].length === 1 ? leavesOf(unless.requires) : null;
    const hasAll = leaves
      ? leaves.map((field) => `${read('o', field)} !== undefined`).join(' && ')
      : `${this.#forSelections(unless.requires, changes(unless.rewrites), 'entity')}(o) !== undefined`;
    const name = this.#name('r');
    this.code.push(`function ${name}(o) { return ${hasAll} ? undefined : ${build}(o); }`);
    return name;
  }

  /**
   * `entity`: an object that no fragment fits is none, and it has to have a type. A `value` inside an entity is taken
   * with the fields that do fit.
   */
  #forSelections(selections: readonly PlanSelection[], set: readonly Change[], role: 'entity' | 'value'): string {
    const name = this.#name('r');
    const conditions = [...conditionsIn(selections), ...set.flatMap(({ path }) => conditionIn(path[0]) ?? [])];
    const typed = new Set(conditions.flatMap((condition) => [...this.#types.satisfying(condition)]));
    // One branch for all types with the same representation.
    const branches = new Map<string, string[]>();
    for (const type of typed) {
      const fields = this.#fieldsFor(selections, type);
      const fixed = changesFor(set, type, this.#types);
      if (role === 'entity' && !this.#identifies(fields, fixed, type)) continue;
      const body = this.#object(fields, fixed);
      branches.set(body, [...(branches.get(body) ?? []), type]);
    }
    const rest = role === 'entity' ? 'return undefined;' : this.#object(this.#fieldsFor(selections, null), set);
    const cases = [...branches].map(
      ([body, names]) => `${names.map((one) => `case ${literal(one)}:`).join(' ')} {\n${body} }`,
    );
    const list =
      role === 'entity'
        ? ''
        : `if (o === null) return 'null';
if (Array.isArray(o)) {
let s = '[';
for (let i = 0; i < o.length; i++) { const t = ${name}(o[i]); if (t === undefined) return undefined; s += i === 0 ? t : ',' + t; }
return s + ']';
}
if (typeof o !== 'object') return undefined;`;
    const choice = cases.length > 0 ? `switch (o.__typename) {\n${cases.join('\n')}\ndefault: ${rest}\n}` : rest;
    this.code.push(`function ${name}(o) {\n${list}\n${choice}\n}`);
    return name;
  }

  /** A plan may require a field of a type by which it does not ask for entities of that type. */
  #identifies(fields: Fields, fixed: readonly Change[], type: string): boolean {
    if (![...fields.keys()].some((name) => name !== '__typename')) return false;
    const name = fixed.find(({ path }) => path.length === 1 && path[0] === '__typename')?.text;
    const keys = this.#requirements.keysOf(name ? (JSON.parse(name) as string) : type);
    return keys === null || keys.some((key) => this.#holds(fields, key));
  }

  #holds(fields: Fields, key: KeyFields): boolean {
    return Object.entries(key).every(([name, below]) => {
      const nested = fields.get(name);
      if (nested === undefined) return false;
      return Object.keys(below).length === 0 || this.#holds(this.#fieldsFor(nested ?? [], null), below);
    });
  }

  /** By response name; fragments on types the object is not of are left out. */
  #fieldsFor(selections: readonly PlanSelection[], type: string | null): Fields {
    const fields = new Map<string, PlanSelection[] | null>();
    const visit = (all: readonly PlanSelection[]): void => {
      for (const selection of all) {
        if (selection.kind === 'InlineFragment') {
          const { typeCondition } = selection;
          if (typeCondition === undefined || (type !== null && this.#types.satisfying(typeCondition).has(type)))
            visit(selection.selections);
          continue;
        }
        const name = selection.alias ?? selection.name;
        const nested = selection.selections;
        const known = fields.get(name);
        fields.set(name, nested ? [...(known ?? []), ...nested] : (known ?? null));
      }
    };
    visit(selections);
    return fields;
  }

  #object(fields: Fields, set: readonly Change[]): string {
    let constant = '{';
    let first = true;
    const lines = [`let s = '', v;`];
    const emit = (expression: string): void => {
      lines.push(`s += ${literal(constant)} + ${expression};`);
      constant = '';
    };
    for (const [name, nested] of fields) {
      const here = set.filter(({ path }) => path.length === 1 && path[0] === name);
      constant += `${first ? '' : ','}${literal(here.find(({ key }) => key !== null)?.key ?? name)}:`;
      first = false;
      const text = here.find((change) => change.text !== null)?.text;
      if (text) {
        constant += text;
        continue;
      }
      lines.push(`v = ${read('o', name)};`, `if (v === undefined) return undefined;`);
      if (nested) {
        const below = set.flatMap(({ path, ...change }) =>
          path[0] === name && path.length > 1 ? [{ ...change, path: path.slice(1) }] : [],
        );
        const build = this.#forSelections(nested, below, 'value');
        lines.push(`v = ${build}(v);`, `if (v === undefined) return undefined;`);
        emit('v');
      } else emit(`(typeof v === 'string' ? quoted(v) : jsonText(v))`);
    }
    return `${lines.join('\n')}\nreturn s + ${literal(`${constant}}`)};`;
  }
}

/** Type conditions at this level, nested fragments included. */
function* conditionsIn(selections: readonly PlanSelection[]): Iterable<string> {
  for (const selection of selections) {
    if (selection.kind !== 'InlineFragment') continue;
    if (selection.typeCondition !== undefined) yield selection.typeCondition;
    yield* conditionsIn(selection.selections);
  }
}

/** The changes that concern an object of the type, their conditions taken off. */
const changesFor = (set: readonly Change[], type: string, types: TypeConditions): Change[] =>
  set.flatMap((change) => {
    const condition = conditionIn(change.path[0]);
    if (condition === undefined) return [change];
    return types.satisfying(condition).has(type)
      ? changesFor([{ ...change, path: change.path.slice(1) }], type, types)
      : [];
  });
