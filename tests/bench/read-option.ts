/** The value of `--option` as a whole number. Throws with one sentence. */
export function numberOf(
  option: string,
  given: string | undefined,
  otherwise: number,
  least: number,
  most: number,
): number {
  const number = given === undefined ? otherwise : Number(given);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new Error(`--${option} is a whole number from ${least} to ${most}; not "${given}".`);
  return number;
}

/** The names of `--option` with commas, in the order of `names`. Throws with one sentence. */
export function namesOf<Name extends string>(
  option: string,
  given: string | undefined,
  names: readonly Name[],
  otherwise: readonly Name[] = names,
): readonly Name[] {
  if (given === undefined) return otherwise;
  const wanted = given.split(',');
  const stranger = wanted.find((name) => !names.some((one) => one === name));
  if (stranger !== undefined) throw new Error(`--${option} knows ${names.join(', ')}; not "${stranger}".`);
  return names.filter((name) => wanted.includes(name));
}
