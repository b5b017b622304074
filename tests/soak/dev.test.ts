import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@inevitable/kit/testing';
import { DevProject } from '../support/dev-project.js';

const CHANGES = 10;
/** From the moment a schema is written until the gateway answers with it. */
const SERVED_WITHIN_MS = 2_000;
const RELOADS = 30;
/**
 * Resident, for each time that a product's code was loaded anew. Its modules, which Node never forgets, are less than half
 * a megabyte of that; the rest is what the last 35 s still serve, and what the allocator has not given back.
 */
const MOST_PER_RELOAD_MB = 8;

const SCHEMA = 'subgraphs/starter/schema.graphql';
const NOTE = 'type Note @key(fields: "id") {';
const RESOLVER = 'subgraphs/starter/resolvers/note.ts';

let project: DevProject;
beforeAll(async () => {
  project = await DevProject.start();
});
afterAll(() => project.close());

const residentMb = async (): Promise<number> =>
  Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${project.pid}/status`, 'utf8'))![1]) / 1_024;

describe('stack dev, worked with for a while', () => {
  it('serves each changed schema within two seconds', async () => {
    const took: number[] = [];
    for (let change = 1; change <= CHANGES; change++) {
      const from = performance.now();
      await project.change(SCHEMA, NOTE, `${NOTE}\n  "Added."\n  field${change}: String`);
      await until('the field is there', async () => (await project.fieldsOf('Note')).includes(`field${change}`));
      took.push(Math.round(performance.now() - from));
    }
    process.stdout.write(`schema changes were served after ${took.join(', ')} ms\n`);
    expect(took.filter((ms) => ms > SERVED_WITHIN_MS)).toEqual([]);
  });

  it('keeps little in memory of code that it has loaded anew', async () => {
    const served = (): number => project.output.split('serving starter').length;
    const { data } = (await project.query('mutation { createNote(input: { text: "0" }) { id } }')) as {
      data: { createNote: { id: string } };
    };
    const answers = () => project.query(`{ note(id: "${data.createNote.id}") { text } }`);
    const reload = async (reload: number): Promise<void> => {
      await project.change(RESOLVER, /return [^;]*;\n};/, `return { ...found, text: 'reload ${reload}' };\n};`);
      await until('the new code answers', async () => JSON.stringify(await answers()).includes(`reload ${reload}"`));
    };
    for (let warmUp = 1; warmUp <= 5; warmUp++) await reload(-warmUp);
    const [before, timesBefore] = [await residentMb(), served()];
    for (let count = 1; count <= RELOADS; count++) await reload(count);
    const perReload = ((await residentMb()) - before) / RELOADS;
    process.stdout.write(`${perReload.toFixed(2)} MB for each of ${RELOADS} reloads\n`);
    expect(served() - timesBefore).toBe(RELOADS);
    expect(perReload).toBeLessThan(MOST_PER_RELOAD_MB);
  }, 300_000);
});
