import { BadUserInput } from '@inevitable/kit';

const LONGEST = 255;

/** A name from outside, of a definition or a product; undefined: none was given. Throws `BadUserInput` for what can be none. */
export function nameAskedFor<Given extends string | null | undefined>(
  name: Given,
  field: string,
): Given extends string ? string : string | undefined {
  if (name != null && (name.length > LONGEST || name.includes('\0')))
    throw new BadUserInput(`A name has at most ${LONGEST} characters, and none of them is the character 0.`, field);
  return (name ?? undefined) as Given extends string ? string : string | undefined;
}
