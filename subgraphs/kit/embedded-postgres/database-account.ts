import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ClusterUnavailable } from './cluster-unavailable.js';

/** The unprivileged user the server runs as when we are root: PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** `postgres` where the system has it, else `nobody`. */
export function databaseAccount(): Account {
  const entries = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const entry = ['postgres', 'nobody'].map((name) => entries.find((fields) => fields[0] === name)).find(Boolean);
  if (!entry) {
    throw new ClusterUnavailable(
      'PostgreSQL refuses to run as root and /etc/passwd has neither a user "postgres" nor "nobody": add one, or start as an ordinary user.',
    );
  }
  return { uid: Number(entry[2]), gid: Number(entry[3]) };
}

/**
 * Whether `account` may enter every folder above `path` and has `rights` (4 read, 2 write, 1 enter or execute) on it.
 * Decided by owner and mode bits: to try it out would take a process of that user.
 */
export function canReach(account: Account, path: string, rights: number): boolean {
  const { uid, gid, mode } = statSync(path);
  const granted = uid === account.uid ? mode >> 6 : gid === account.gid ? mode >> 3 : mode;
  if ((granted & rights) !== rights) return false;
  return path === dirname(path) || canReach(account, dirname(path), 1);
}
