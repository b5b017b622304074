import { fieldRequirements, type Requirement, type RequirementsByCoordinate } from '@inevitable/gateway';
import { isCompositeType, isInterfaceType, isObjectType, type GraphQLSchema } from 'graphql';
import { isCovered } from './is-covered.js';

/** The schema clients see, and who may see what of it. */
export interface GuardedSchema {
  readonly schema: GraphQLSchema;
  /** As `readRequirements` gives them. */
  readonly declared: RequirementsByCoordinate;
}

/** Where something else is needed than before. At least one field needs more, or less, on account of it. */
export interface ChangedRequirement {
  /** `Type` or `Type.field`: where the requirement stands. Of what stands nowhere, the field that is concerned. */
  readonly coordinate: string;
  /** All of them are to be met; empty: open. */
  readonly before: readonly Requirement[];
  readonly after: readonly Requirement[];
  /** `Type.field` of those that somebody could select and may not any more; `Type.__typename` is one of them. */
  readonly tightened: readonly string[];
  /** Of those that somebody can select who could not before. */
  readonly loosened: readonly string[];
  /** A field of `loosened` is open to everybody now. */
  readonly opens: boolean;
}

/**
 * Compares what selecting each field needs, and tells every difference at the requirement that makes it. A requirement on
 * a type concerns all its fields and whatever answers with the type; one on an object also its interfaces, which get it by
 * composition. What changes nothing for anybody is not told: a requirement that moved, or that was there already. Neither
 * is what is new or gone altogether.
 */
export function changedRequirements(base: GuardedSchema, candidate: GuardedSchema): readonly ChangedRequirement[] {
  const before = fieldRequirements(base.declared, base.schema);
  const after = fieldRequirements(candidate.declared, candidate.schema);
  const differs = comparison();
  const stays = (coordinate: string): boolean => isIn(base.schema, coordinate) && isIn(candidate.schema, coordinate);
  const fields = keysOf(before, after).filter(stays);
  const all: Sides = {
    tightened: new Set(fields.filter((field) => differs(after.get(field), before.get(field)))),
    loosened: new Set(fields.filter((field) => differs(before.get(field), after.get(field)))),
  };
  const untold = { tightened: new Set(all.tightened), loosened: new Set(all.loosened) };

  const declared = keysOf(base.declared, candidate.declared).filter(
    (coordinate) =>
      stays(coordinate) &&
      (differs(candidate.declared.get(coordinate), base.declared.get(coordinate)) ||
        differs(base.declared.get(coordinate), candidate.declared.get(coordinate))),
  );
  const changes: ChangedRequirement[] = [];

  /** Of the fields that a change at the coordinate can concern (`among`), it is told of those in `of`. */
  const tell = (
    coordinate: string,
    among: Iterable<string>,
    of: Sides,
    was: readonly Requirement[] = [],
    is: readonly Requirement[] = [],
  ): void => {
    const more = differs(is, was) ? [...among].filter((field) => of.tightened.has(field)) : [];
    const less = differs(was, is) ? [...among].filter((field) => of.loosened.has(field)) : [];
    if (more.length === 0 && less.length === 0) return;
    for (const field of more) untold.tightened.delete(field);
    for (const field of less) untold.loosened.delete(field);
    const opens = less.some((field) => !after.has(field));
    changes.push({ coordinate, before: was, after: is, tightened: more, loosened: less, opens });
  };

  const isOfInterface = (coordinate: string): boolean => isInterfaceType(candidate.schema.getType(typeOf(coordinate)));
  const changed = new Set(declared);
  const reach = reachOf(
    declared.map((coordinate) => [
      coordinate,
      ...echoes(coordinate, candidate.schema).filter((one) => changed.has(one)),
    ]),
    [base.schema, candidate.schema],
  );
  const tellDeclared = (coordinate: string, of: Sides): void =>
    tell(coordinate, reach.get(coordinate)!, of, base.declared.get(coordinate), candidate.declared.get(coordinate));
  // Nobody writes what an interface requires: composition gathers it. It is a cause only where no object's is one.
  for (const coordinate of declared) if (!isOfInterface(coordinate)) tellDeclared(coordinate, all);
  for (const coordinate of declared) if (isOfInterface(coordinate)) tellDeclared(coordinate, untold);
  // A field that answers with another type, an interface or union with another object behind it.
  for (const field of new Set([...untold.tightened, ...untold.loosened]))
    tell(field, [field], untold, before.get(field), after.get(field));
  return changes;
}

/** `Type.field` of fields that need more, and of those that need less. */
interface Sides {
  readonly tightened: ReadonlySet<string>;
  readonly loosened: ReadonlySet<string>;
}

/** Whether `asked` is more than `met` covers. Remembers: thousands of fields need the same. */
function comparison(): (asked?: readonly Requirement[], met?: readonly Requirement[]) => boolean {
  const known = new Map<string, boolean>();
  return (asked = [], met = []) => {
    if (asked.length === 0) return false;
    const key = JSON.stringify([asked, met]);
    const seen = known.get(key) ?? !isCovered(asked, met);
    known.set(key, seen);
    return seen;
  };
}

const keysOf = (...maps: readonly RequirementsByCoordinate[]): readonly string[] => [
  ...new Set(maps.flatMap((map) => [...map.keys()])),
];

const typeOf = (coordinate: string): string => coordinate.split('.')[0]!;

function isIn(schema: GraphQLSchema, coordinate: string): boolean {
  const [name = '', field] = coordinate.split('.');
  const type = schema.getType(name);
  if (field === undefined || !type) return type !== undefined;
  if (field === '__typename') return isCompositeType(type);
  return (isObjectType(type) || isInterfaceType(type)) && Object.hasOwn(type.getFields(), field);
}

/** Where composition repeats what stands on an object or its field: on its interfaces, and on their fields. */
function echoes(coordinate: string, schema: GraphQLSchema): readonly string[] {
  const type = schema.getType(typeOf(coordinate));
  if (!isObjectType(type)) return [];
  return type.getInterfaces().map(({ name }) => `${name}${coordinate.slice(type.name.length)}`);
}

/**
 * Which fields need what stands at a coordinate, by that coordinate: the first of each group, which stands for all of it. A
 * mark of its own stands there in place of a requirement, and the gateway's own rules carry it to the fields.
 */
function reachOf(
  groups: readonly (readonly string[])[],
  schemas: readonly GraphQLSchema[],
): ReadonlyMap<string, ReadonlySet<string>> {
  const reach = new Map<string, Set<string>>();
  const owners = new Map<Requirement, Set<string>>();
  const marks = new Map<string, Requirement[]>();
  for (const [coordinate, ...others] of groups) {
    const mark: Requirement = { kind: 'authenticated' };
    const fields = new Set<string>();
    reach.set(coordinate!, fields);
    owners.set(mark, fields);
    for (const place of [coordinate!, ...others]) marks.set(place, [...(marks.get(place) ?? []), mark]);
  }
  for (const schema of schemas)
    for (const [field, found] of fieldRequirements(marks, schema))
      for (const mark of found) owners.get(mark)?.add(field);
  return reach;
}
