import { BadUserInput } from '@inevitable/contract';

/** Of a person who is signed in. Whether it never was right, was used, or the factor is locked is not said. */
export const wrongCode = (): BadUserInput =>
  new BadUserInput('That code does not work, or not any more. Enter the next one.', 'input.code');
