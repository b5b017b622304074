import { isUuid } from '@inevitable/contract';
import { z } from 'zod';
import { NIL_ID } from '../store/nil-id.js';

/** An id from outside. A malformed one answers as an unknown one does, so it becomes one. */
export const idText = z.string().transform((text) => (isUuid(text) ? text : NIL_ID));
