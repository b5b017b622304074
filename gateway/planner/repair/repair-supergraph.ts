import { Kind, parse, print, type ConstDirectiveNode, type DocumentNode } from 'graphql';
import { saysTrue } from '../../supergraph/join-directives.js';
import type { QueryPlan } from '../query-plan.js';
import { fetchVariants } from './fetch-variants.js';
import { readInternalFields, type InternalFields } from './internal-fields.js';
import { resolvableKeysFirst } from './resolvable-keys-first.js';
import { separateRequirements } from './separate-requirements.js';
import { separateLinks } from './stand-ins/separate-links.js';
import { starvedFields, type StarvedFields } from './starved-fields.js';
import { SupergraphTypes } from './supergraph-types.js';

/** What `@apollo/query-planner` gets wrong about one supergraph, set right around it. */
export interface SupergraphRepair {
  /** What the planner is to load. Its API schema may have fields beyond the original's, which clients are not to see. */
  readonly sdl: string;
  /** True when it has such fields. */
  readonly addsFields: boolean;
  /** For `separateResponseNames`. */
  readonly internalFields: InternalFields;
  /** Interfaces that some subgraph knows as an object type. */
  readonly interfaceObjects: ReadonlySet<string>;
  /** Of a repaired plan. */
  readonly starvedFields: StarvedFields;
  /** Makes a plan on `sdl` one that the subgraphs understand. */
  repairPlan(plan: QueryPlan): QueryPlan;
  /** What to plan on where a plan on `sdl` starves fields; null: nothing can be done about it. */
  readonly separated: SeparatedSupergraph | null;
}

export interface SeparatedSupergraph {
  readonly sdl: string;
  /** As the other one, of a plan on this. */
  repairPlan(plan: QueryPlan): QueryPlan;
}

/** Once per supergraph, which must be valid. */
export function repairSupergraph(sdl: string): SupergraphRepair {
  const original = parse(sdl, { noLocation: true });
  const separated = separateRequirements(resolvableKeysFirst(original));
  const { supergraph, variants } = separated;
  let starved: StarvedFields | null = null;
  let links: SeparatedSupergraph | null | undefined;
  const repairPlan = fetchVariants(separated);
  return {
    sdl: supergraph === original ? sdl : print(supergraph),
    addsFields: variants.size > 0,
    internalFields: readInternalFields(new SupergraphTypes(supergraph)),
    interfaceObjects: interfaceObjectsIn(original),
    // Made for the first plan: only then is it sure that the planner could load the supergraph.
    starvedFields: (plan) => (starved ??= starvedFields(original))(plan),
    repairPlan,
    get separated() {
      return links === undefined ? (links = separatedLinks()) : links;
    },
  };

  function separatedLinks(): SeparatedSupergraph | null {
    const found = separateLinks(supergraph);
    return found && { sdl: print(found.supergraph), repairPlan: (plan) => repairPlan(found.asked(plan)) };
  }
}

const interfaceObjectsIn = ({ definitions }: DocumentNode): ReadonlySet<string> =>
  new Set(
    definitions.flatMap((definition) =>
      definition.kind === Kind.INTERFACE_TYPE_DEFINITION && definition.directives?.some(isInterfaceObject)
        ? [definition.name.value]
        : [],
    ),
  );

const isInterfaceObject = (directive: ConstDirectiveNode): boolean =>
  directive.name.value === 'join__type' && saysTrue(directive, 'isInterfaceObject');
