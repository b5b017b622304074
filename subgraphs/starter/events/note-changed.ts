import { defineEvent } from '@inevitable/kit';
import { z } from 'zod';

/** Says which note, not what is in it: whoever hears it reads what it may. */
export const noteChanged = defineEvent({
  name: 'starter.note.changed.v1',
  description: 'A note was written, or its words were counted.',
  payload: z.object({ noteId: z.uuid() }),
});
