import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

/**
 * Runs `work` while no other process does: a folder is the lock, because making one is atomic everywhere.
 * A holder that died leaves it behind; its process id tells.
 */
export async function withLock(folder, report, work) {
  let told = false;
  await mkdir(dirname(folder), { recursive: true });
  for (;;) {
    try {
      await mkdir(folder);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (!(await holderLives(folder))) {
      await rm(folder, { recursive: true, force: true });
      continue;
    }
    if (!told) report('another start is preparing this clone; waiting for it …');
    told = true;
    await wait(200);
  }
  try {
    await writeFile(join(folder, 'pid'), String(process.pid));
    return await work();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function holderLives(folder) {
  const pid = Number(await readFile(join(folder, 'pid'), 'utf8').catch(() => ''));
  // Between making the folder and writing the file the holder has no name yet: give it a moment.
  if (!pid) return wait(1_000).then(() => readFile(join(folder, 'pid'), 'utf8').then(Boolean, () => false));
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
