import { Conflict } from '@inevitable/kit';
import slugify from '@sindresorhus/slugify';
import { z } from 'zod';
import { Prisma } from '../../generated/prisma/client.js';

/** As the table's CHECK has it. */
const LONGEST = 60;

export const slug = z
  .string()
  .max(LONGEST, `must have 1 to ${LONGEST} characters`)
  .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'must be small letters, digits and single dashes between them');

/** What machines call a platform of this name; of a name with nothing they could say, the end of its id. */
export function slugOf(name: string, id: string): string {
  const made = slugify(name)
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, LONGEST)
    .replace(/^-|-$/g, '');
  return made || `platform-${id.slice(-8)}`;
}

/** `work` writes a row with this slug. Throws `Conflict` naming `field` when another one of the tenant has it. */
export async function unlessTaken<T>(wanted: string, field: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002')
      throw new Conflict(`Another platform has the slug "${wanted}".`, field);
    throw error;
  }
}
