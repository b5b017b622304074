// A process of its own for tests: it may be killed, run out of room, or lack rights.
// node use-file-store.js <directory> keep-putting | put-large | put-as-nobody
import { directoryFileStore } from '../dist/files/directory-file-store.js';

const [directory, task] = process.argv.slice(2);
const MEGABYTE = 1024 * 1024;
const NOBODY = 65_534;

const tasks = {
  /** Files of one repeated byte each, over and over, until killed; a line for each one that is stored. */
  async 'keep-putting'(store) {
    for (let count = 0; count < 100_000; count += 1) {
      await store.put(`kept/${count % 5}`, Buffer.alloc(2 * MEGABYTE, count % 251));
      process.stdout.write('.\n');
    }
  },

  async 'put-large'(store) {
    await tell(() => store.put('large', Buffer.alloc(8 * MEGABYTE)));
  },

  async 'put-as-nobody'(store) {
    if (process.getuid() === 0) process.setuid(NOBODY);
    await tell(() => store.put('small', Buffer.alloc(10)));
  },
};

async function tell(work) {
  const error = await work().then(
    () => null,
    (thrown) => thrown,
  );
  process.stdout.write(
    JSON.stringify(error && { name: error.constructor.name, why: error.why, message: error.message }),
  );
}

await tasks[task](await directoryFileStore(directory));
