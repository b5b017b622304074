import { Kind, type ConstDirectiveNode, type ConstValueNode } from 'graphql';

/** What an argument of one of the supergraph's directives says: the name of an enum's value, or a text; else an empty text. */
export function nameIn(directive: ConstDirectiveNode, argument: string): string {
  const value = argumentOf(directive, argument);
  return value?.kind === Kind.STRING || value?.kind === Kind.ENUM ? value.value : '';
}

export const argumentOf = (directive: ConstDirectiveNode, wanted: string): ConstValueNode | undefined =>
  directive.arguments?.find(({ name }) => name.value === wanted)?.value;

const says =
  (said: boolean) =>
  (directive: ConstDirectiveNode, argument: string): boolean => {
    const value = argumentOf(directive, argument);
    return value?.kind === Kind.BOOLEAN && value.value === said;
  };
/** Whether a Boolean argument is given and true. */
export const saysTrue = says(true);
/** Whether a Boolean argument is given and false. */
export const saysFalse = says(false);

/** Of a field: what it is in one subgraph (join specification, `@join__field`). */
export const isJoinField = ({ name }: ConstDirectiveNode): boolean => name.value === 'join__field';
