import { ARGON2ID } from './argon2id.js';

/** `$argon2id$v=19$m=19456,t=2,p=1$…` (PHC string format). */
const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/;

/** A stored hash that is cheaper to guess at than one made today: it is made anew when its password is next seen. */
export function isOutdatedHash(stored: string): boolean {
  const [, memory, passes] = PHC.exec(stored) ?? [];
  return !memory || Number(memory) < ARGON2ID.memoryCost || Number(passes) < ARGON2ID.timeCost;
}
