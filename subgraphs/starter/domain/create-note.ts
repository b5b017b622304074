import { newId, plainText, type UserId } from '@inevitable/kit';
import { z } from 'zod';
import type { StarterWork } from '../context.js';
import type { Note } from '../generated/prisma/client.js';
import { noteChanged } from '../events/note-changed.js';
import { countWords } from '../jobs/count-words.js';

export const newNote = z.strictObject({ text: plainText({ min: 1, max: 10_000 }) });
export type NewNote = z.infer<typeof newNote>;

/** The row, its event and its job: committed together, or none of them. */
export async function createNote({ db, events, jobs }: StarterWork, { text }: NewNote, author: UserId): Promise<Note> {
  const note = await db.note.create({ data: { id: newId(), text, createdBy: author } });
  await events.publish(noteChanged, { aggregate: note.id, payload: { noteId: note.id } });
  await jobs.enqueue(countWords, { noteId: note.id }, { aggregate: note.id });
  return note;
}
