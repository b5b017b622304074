/** The product whose job it is: what the name of its definition begins with. */
export const productOf = (name: string): string => name.split('.', 1)[0]!;
