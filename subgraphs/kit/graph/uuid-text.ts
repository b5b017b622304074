import { isUuid } from '@inevitable/contract';
import { z } from 'zod';

/** The id of a row, in the one spelling that rows, keys of files and keys of jobs have: a UUID in small letters. */
export const uuidText = z.uuid('must be a UUID').refine(isUuid, 'must be written in small letters');
