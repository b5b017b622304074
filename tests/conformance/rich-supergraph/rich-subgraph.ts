import { GraphQLError, type GraphQLSchema } from 'graphql';
import { suffer, type Faults } from '../faults.js';
import type { Args, Entity, FieldAsked, SubgraphDefinition } from '../graphql-subgraph.js';
import { entityOf } from './entity-of.js';
import { fieldSetsOf, missingFrom } from './field-sets.js';

/** What one run of one operation takes place in. */
export interface Situation {
  readonly faults: Faults;
  /** What mutations did so far, in order. */
  readonly journal: string[];
}

export type Answer = (self: Entity, args: Args, situation: Situation) => unknown;
export type Answers = Readonly<Record<string, Readonly<Record<string, Answer>>>>;

/** A field with `@requires`. The subgraph computes it from what the gateway hands over, the oracle from what is true. */
export interface Requiring {
  /** The required fields as the data has them; null when they cannot be had, which makes the field null unasked. */
  readonly truth: (self: Entity) => Entity | null;
  readonly answer: (required: Entity, args: Args) => unknown;
}

/** SDL and answers in one place. A field not named in either is the column of its name. */
export interface RichSubgraph {
  readonly name: string;
  readonly sdl: string;
  /** What is true of the fields this subgraph answers; the oracle answers with the same functions. */
  readonly answers?: Answers;
  readonly requiring?: Readonly<Record<string, Readonly<Record<string, Requiring>>>>;
  /** Of these types, an entity nobody knows is null here. */
  readonly authorityOn?: readonly string[];
  /** Fields taken over by another subgraph: whoever asks them here did not see the `@override`. */
  readonly overridden?: readonly string[];
}

/** What the gateway handed over for an entity: the fields of the representation. */
const GIVEN = Symbol('given');

const protest = (what: string): never => {
  throw new GraphQLError(what, { extensions: { code: 'WRONG_PLAN' } });
};

/**
 * The subgraph, stricter than real ones: it protests when the gateway names an entity without a whole key of this
 * subgraph, leaves a required field out, asks for an external field that is not provided, or keeps back what a field
 * takes from its context.
 */
export function served(subgraph: RichSubgraph, situation: () => Situation): SubgraphDefinition {
  const { name, sdl, answers = {}, requiring = {}, authorityOn = [], overridden = [] } = subgraph;
  return {
    name,
    sdl,
    entity(representation) {
      const type = representation.__typename;
      const keys = fieldSetsOf(sdl).keys(type);
      if (keys.every((key) => missingFrom(representation, key) !== null))
        protest(`${name}: no key of ${type} in ${JSON.stringify(representation)}.`);
      const entity = entityOf(representation);
      if (entity === null || (entity.unknown && authorityOn.includes(type))) return null;
      // An `@interfaceObject` is of one type here, whatever it is elsewhere; an interface is asked to say which it is.
      const __typename = fieldSetsOf(sdl).isInterface(type) ? entity.__typename : type;
      return Object.create(entity, { [GIVEN]: { value: representation }, __typename: { value: __typename } }) as Entity;
    },
    resolve(schema: GraphQLSchema) {
      const fieldSets = fieldSetsOf(sdl);
      return ({ type, field, parent, args }: FieldAsked) => {
        const at = `${name}: ${type}.${field}`;
        const now = situation();
        const failed = suffer(now.faults, field, refOf(parent, type));
        if (failed === null) return null;
        if (overridden.includes(`${type}.${field}`)) protest(`${at} is overridden.`);
        const given = (parent as { [GIVEN]?: Entity })[GIVEN];
        const required = fieldSets.required(type, field);
        if (required) {
          const missing = missingFrom(given ?? {}, required);
          if (missing !== null) protest(`${at} requires "${missing}".`);
          return requiring[type]![field]!.answer(given!, args);
        }
        if (fieldSets.isExternal(type, field) && !fieldSets.isProvided(field)) {
          if (!given || given[field] === undefined) protest(`${at} is external.`);
          return given![field];
        }
        for (const name of fieldSets.contextual(type, field))
          if (args[name] === undefined) protest(`${at} has no "${name}" from its context.`);
        return truthAbout(answers, schema, type, field, parent, args, now);
      };
    },
  };
}

/** The answer by the type's own table, then by that of an interface it implements, then the column. */
export function truthAbout(
  answers: Answers,
  schema: GraphQLSchema,
  type: string,
  field: string,
  parent: Entity,
  args: Args,
  situation: Situation,
): unknown {
  const answer = answers[type]?.[field] ?? inherited(answers, schema, type, field);
  return answer ? answer(parent, args, situation) : parent[field];
}

function inherited(answers: Answers, schema: GraphQLSchema, type: string, field: string): Answer | undefined {
  const known = schema.getType(type);
  const interfaces = known && 'getInterfaces' in known ? known.getInterfaces() : [];
  return interfaces.map(({ name }) => answers[name]?.[field]).find((answer) => answer !== undefined);
}

/** The name faults know an object by: root types by their own; what is no entity, or one that does not exist, by none. */
export function refOf(parent: Entity, type: string): string | null {
  if (type === 'Query' || type === 'Mutation') return type;
  return parent.unknown ? null : (parent.ref ?? null);
}
