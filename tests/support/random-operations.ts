import {
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isUnionType,
  print,
  parse,
  validate,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLSchema,
} from 'graphql';

export interface RandomOperation {
  readonly name: string;
  readonly document: string;
  /** Coordinates that came in its variables. */
  readonly inputs: readonly string[];
}

/** Different valid operations as clients send them, the same ones for the same numbers: some two to five levels deep. */
export function randomOperations(schema: GraphQLSchema, count: number): readonly RandomOperation[] {
  const operations: RandomOperation[] = [];
  let seed = 1;
  const below = (end: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff; // ANSI C's rand()
    return (seed >>> 8) % end;
  };
  for (let at = 0; operations.length < count; at++) {
    if (at > count * 10) throw new Error(`Only ${operations.length} of ${count} operations are valid.`);
    const operation = operationOn(schema, `Operation${at}`, below);
    if (validate(schema, parse(operation.document), undefined, { maxErrors: 1 }).length === 0)
      operations.push(operation);
  }
  return operations;
}

function operationOn(schema: GraphQLSchema, name: string, below: (end: number) => number): RandomOperation {
  const variables: string[] = [];
  const inputs = new Set<string>();
  const oneOf = <Item>(items: readonly Item[]): Item => items[below(items.length)]!;

  function addInputs(type: GraphQLInputType, depth: number): void {
    const named = getNamedType(type);
    if (isEnumType(named)) inputs.add(`${named.name}.${oneOf(named.getValues()).name}`);
    if (!isInputObjectType(named) || depth === 0) return;
    for (const field of Object.values(named.getFields())) {
      if (!isNonNullType(field.type) && below(2) === 0) continue;
      inputs.add(`${named.name}.${field.name}`);
      addInputs(field.type, depth - 1);
    }
  }

  function valueOf(type: GraphQLInputType): string {
    if (isNonNullType(type)) return valueOf(type.ofType);
    if (isListType(type)) return `[${valueOf(type.ofType)}]`;
    if (isEnumType(type)) return oneOf(type.getValues()).name;
    return { Int: '0', Float: '0', Boolean: 'true' }[String(type)] ?? '""';
  }

  function argumentsOf({ args }: GraphQLField<unknown, unknown>): string {
    const given = args
      .filter((argument) => isRequiredArgument(argument) || below(3) === 0)
      .map((argument) => {
        if (!isInputObjectType(getNamedType(argument.type)) && below(2) === 0)
          return `${argument.name}: ${valueOf(argument.type)}`;
        variables.push(`$v${variables.length}: ${argument.type}`);
        addInputs(argument.type, 2);
        return `${argument.name}: $v${variables.length - 1}`;
      });
    return given.length === 0 ? '' : `(${given.join(', ')})`;
  }

  function selectionSet(type: GraphQLCompositeType, depth: number): string {
    const fields = isUnionType(type) ? [] : Object.values(type.getFields());
    const usable = fields.filter((field) => depth > 0 || isLeafType(getNamedType(field.type)));
    const chosen = new Set(Array.from({ length: usable.length === 0 ? 0 : 1 + below(5) }, () => oneOf(usable)));
    const parts = [...chosen].map((field) => {
      const inner = getNamedType(field.type);
      return `${field.name}${argumentsOf(field)} ${isCompositeType(inner) ? selectionSet(inner, depth - 1) : ''}`;
    });
    if (isAbstractType(type) && depth > 0) {
      const object = oneOf(schema.getPossibleTypes(type));
      parts.push(`... on ${object.name} ${selectionSet(object, depth - 1)}`);
    }
    return `{ ${parts.join(' ') || '__typename'} }`;
  }

  const root = oneOf(['query', 'query', 'query', 'mutation'] as const);
  const type = (root === 'mutation' ? schema.getMutationType() : null) ?? schema.getQueryType()!;
  const field = oneOf(Object.values(type.getFields()));
  const inner = getNamedType(field.type);
  const given = argumentsOf(field);
  const selection = isCompositeType(inner) ? selectionSet(inner, 1 + below(4)) : '';
  const declared = variables.length === 0 ? '' : `(${variables.join(', ')})`;
  const keyword = type === schema.getQueryType() ? 'query' : root;
  const text = `${keyword} ${name}${declared} { ${field.name}${given} ${selection} }`;
  return { name, document: print(parse(text)), inputs: [...inputs].sort() };
}
