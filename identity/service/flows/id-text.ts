import { isUuid } from '@inevitable/contract';
import { z } from 'zod';

/** Nothing has it. */
const NOBODYS_ID = '00000000-0000-0000-0000-000000000000';

/** An id from outside. A malformed one answers as an unknown one does, so it becomes one. */
export const idText = z.string().transform((text) => (isUuid(text) ? text : NOBODYS_ID));
