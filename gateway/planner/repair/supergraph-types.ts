import {
  Kind,
  type ConstDirectiveNode,
  type DocumentNode,
  type FieldDefinitionNode,
  type InterfaceTypeDefinitionNode,
  type ObjectTypeDefinitionNode,
  type TypeNode,
} from 'graphql';
import { nameIn } from '../../supergraph/join-directives.js';

export type FieldsDefinition = ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode;

/** The types of a supergraph by name, as its SDL declares them: no schema has to be built to look at them. */
export class SupergraphTypes {
  readonly #withFields = new Map<string, FieldsDefinition>();
  /** Of unions and interfaces: the object types. */
  readonly #possible = new Map<string, Set<string>>();

  constructor({ definitions }: DocumentNode) {
    for (const definition of definitions) {
      if (definition.kind === Kind.UNION_TYPE_DEFINITION)
        this.#possible.set(definition.name.value, new Set(definition.types?.map(({ name }) => name.value)));
      if (!hasFields(definition)) continue;
      this.#withFields.set(definition.name.value, definition);
      if (definition.kind === Kind.INTERFACE_TYPE_DEFINITION) continue;
      for (const { name } of definition.interfaces ?? []) {
        const objects = this.#possible.get(name.value);
        if (objects) objects.add(definition.name.value);
        else this.#possible.set(name.value, new Set([definition.name.value]));
      }
    }
  }

  /** Object types that implement the interface in one subgraph, or interfaces that do. */
  implementingIn(graph: string, interfaceName: string): readonly string[] {
    const isSo = (directive: ConstDirectiveNode): boolean =>
      directive.name.value === 'join__implements' &&
      nameIn(directive, 'graph') === graph &&
      nameIn(directive, 'interface') === interfaceName;
    return [...this.withFields()].flatMap(({ name, directives }) => (directives?.some(isSo) ? [name.value] : []));
  }

  /** Objects and interfaces. */
  withFields(): Iterable<FieldsDefinition> {
    return this.#withFields.values();
  }

  field(typeName: string, fieldName: string): FieldDefinitionNode | undefined {
    return this.fieldsOf(typeName).find(({ name }) => name.value === fieldName);
  }

  /** None of a type that has no fields. */
  fieldsOf(typeName: string): readonly FieldDefinitionNode[] {
    return this.#withFields.get(typeName)?.fields ?? [];
  }

  /** Without lists and non-null. */
  typeOf(typeName: string, fieldName: string): string | undefined {
    const field = this.field(typeName, fieldName);
    return field && namedType(field.type);
  }

  /** The type itself, and those that have all its fields because they implement it. */
  alsoImplementing(typeName: string): readonly string[] {
    const implementing = [typeName];
    for (const { name, interfaces = [] } of this.#withFields.values())
      if (interfaces.some((implemented) => implemented.name.value === typeName)) implementing.push(name.value);
    return implementing;
  }

  /** Every type, the abstract ones included, that an object can be of which is also of `typeName`. */
  overlapping(typeName: string): ReadonlySet<string> {
    const overlapping = new Set([typeName]);
    const objects = this.#possible.get(typeName) ?? [typeName];
    for (const object of objects) overlapping.add(object);
    for (const [abstract, members] of this.#possible)
      for (const object of objects) if (members.has(object)) overlapping.add(abstract);
    return overlapping;
  }
}

export const hasFields = (node: { readonly kind: Kind }): node is FieldsDefinition =>
  node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.INTERFACE_TYPE_DEFINITION;

/** Without lists and non-null. */
export function namedType(type: TypeNode): string {
  return type.kind === Kind.NAMED_TYPE ? type.name.value : namedType(type.type);
}
