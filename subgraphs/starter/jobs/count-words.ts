import { defineJob } from '@inevitable/kit';
import { z } from 'zod';
import { wordsIn } from '../domain/words-in.js';
import { noteChanged } from '../events/note-changed.js';
import type { PrismaClient } from '../generated/prisma/client.js';

/** Fills `wordCount`. Counting again gives the same number, so a second run does no harm. */
export const countWords = defineJob<{ noteId: string }, PrismaClient>({
  name: 'starter.count-words',
  description: 'Counts the words of a new note.',
  payload: z.object({ noteId: z.uuid() }),
  retry: { attempts: 5, backoff: 'exponential', firstMs: 1_000, maxMs: 60_000 },
  timeoutMs: 10_000,
  async run({ payload: { noteId }, transaction }) {
    await transaction(async ({ db, events }) => {
      const note = await db.note.findFirst({ where: { id: noteId } });
      if (!note) return; // deleted meanwhile: nothing to count
      await db.note.updateMany({ where: { id: noteId }, data: { wordCount: wordsIn(note.text) } });
      await events.publish(noteChanged, { aggregate: noteId, payload: { noteId } });
    });
  },
});
