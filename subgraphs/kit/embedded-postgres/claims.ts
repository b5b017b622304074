import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A file name that says which process made the file: `<pid>-<start>-<random>`.
 * The start time tells that process from a later one with the same pid, the random part two claims of one process.
 */
export function newClaim(): string {
  return `${process.pid}-${processStart(process.pid)}-${randomBytes(4).toString('hex')}`;
}

/** The claims in a folder whose process still runs. Those of dead processes are removed on the way. */
export async function liveClaims(folder: string): Promise<string[]> {
  const claims = await readdir(folder);
  const dead = claims.filter((claim) => !isLive(claim));
  await Promise.all(dead.map((claim) => rm(join(folder, claim), { force: true })));
  return claims.filter((claim) => !dead.includes(claim));
}

/** Clock ticks from boot to the start of a process; 'unknown' where /proc does not tell; null if it does not run. */
export function processStart(pid: number): string | null {
  if (!isTaken(pid)) return null;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // proc(5): the fields after the command name in brackets, which may itself hold spaces and brackets.
    const [state, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' ? null : rest[18]!; // a zombie waits for its parent, but runs no more
  } catch {
    return 'unknown';
  }
}

/** Whether the system would refuse this pid to a new process: something runs under it, or its zombie is still there. */
export function isTaken(pid: number): boolean {
  try {
    return pid > 0 && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it runs as somebody else
  }
}

function isLive(claim: string): boolean {
  const [pid, claimed] = claim.split('-');
  const actual = processStart(Number(pid));
  return actual !== null && (actual === claimed || actual === 'unknown' || claimed === 'unknown');
}
