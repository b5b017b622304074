import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import {
  access,
  chmod,
  constants,
  lchown,
  lstat,
  mkdir,
  readdir,
  realpath,
  rename,
  stat,
  symlink,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ClusterUnavailable } from './cluster-unavailable.js';
import { canReach, databaseAccount, type Account } from './database-account.js';
import { stopServer } from './running-server.js';

/** Where a cluster lives and as whom its server runs. All paths are real: no symlinks in them. */
export interface Place {
  /** `<dataDir>/postgres`: password, lock, leases, log. Ours, so nothing in it can be planted by the server's user. */
  readonly state: string;
  /** The folder around `data`, which the server can enter: `state`, or where we had to move to. */
  readonly home: string;
  /** What PostgreSQL calls its data directory. */
  readonly data: string;
  /** null: the server runs as we do. */
  readonly account: Account | null;
}

const isRoot = process.getuid?.() === 0;

/** Makes `<dataDir>/postgres` and returns its real path. */
export async function openState(dataDir: string): Promise<string> {
  const wanted = resolve(dataDir, 'postgres');
  try {
    await mkdir(resolve(dataDir), { recursive: true, mode: 0o711 });
    await assertOurs(resolve(dataDir));
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    const state = await realpath(wanted);
    await assertOurs(state);
    await mkdir(join(state, 'leases'), { recursive: true });
    await chmod(state, isRoot ? 0o711 : 0o700); // as root the server's user passes through, and reads nothing
    await access(state, constants.W_OK);
    return state;
  } catch (cause) {
    if (cause instanceof ClusterUnavailable) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    throw new ClusterUnavailable(
      `The data directory ${resolve(dataDir)} cannot be written to (${code}): make it writable for this user, or choose another one.`,
      { cause },
    );
  }
}

/** Where others can write they can plant a link, and as root we would change what it leads to. */
async function assertOurs(folder: string): Promise<void> {
  const uid = process.getuid?.();
  if (uid === undefined) return; // Windows: owner and mode say nothing
  const [entry, found] = await Promise.all([lstat(folder), stat(folder)]);
  const owner = [0, uid].includes(entry.uid) ? found.uid : entry.uid; // a link may be ours or root's
  if (owner !== uid) {
    throw new ClusterUnavailable(
      `${folder} belongs to somebody else (uid ${owner}; this is uid ${uid}): start as its owner, or choose another data directory.`,
    );
  }
  if (found.mode & 0o022) {
    throw new ClusterUnavailable(
      `Other users can write to ${folder}: make sure that all in it is yours and run chmod go-w on it, or choose another data directory.`,
    );
  }
}

/** Decides where the data lives. Call under the lock: the first time it may have to prepare a folder elsewhere. */
export async function choosePlace(state: string, report: (line: string) => void): Promise<Place> {
  const inside = join(state, 'data');
  if (!isRoot) return { state, home: state, data: inside, account: null };

  const elsewhere = placeElsewhere(state);
  const data = join(elsewhere, 'data');
  const link = lstatSync(inside, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(inside) : null;
  if (link !== null && link !== data) {
    throw new ClusterUnavailable(
      `${inside} leads to ${link}, which belongs to a directory of another name: if this one was renamed, move ${dirname(link)} to ${elsewhere} and point the link there; if it is a copy, remove the link to start empty.`,
    );
  }
  if (link === null) {
    const account = await accountFor(inside);
    if (canReach(account, state, 1)) return { state, home: state, data: inside, account };
    if (existsSync(inside)) {
      throw new ClusterUnavailable(
        `The database user (uid ${account.uid}) cannot enter ${inside} any more: allow it through every folder above (chmod o+x), or move that folder aside to start empty.`,
      );
    }
  }
  await openElsewhere(elsewhere);
  if (link === null) await linkElsewhere(inside, elsewhere, report);
  const account = await accountFor(data);
  report(
    `The database user (uid ${account.uid}) cannot enter ${state}, so the database lives in ${elsewhere}. Nothing removes it with the data directory: rm -r ${elsewhere}`,
  );
  return { state, home: elsewhere, data, account };
}

/**
 * Existing data keeps its owner: it may be from before a user "postgres" was added. The folder around `data` is ours
 * alone, so what `data` is cannot change meanwhile; what is in it can, wherever another user owns it.
 */
async function accountFor(data: string): Promise<Account> {
  const found = lstatSync(data, { throwIfNoEntry: false });
  if (found && !found.isDirectory()) throw new ClusterUnavailable(`${data} is not a folder: move it aside.`);
  if (found && found.uid !== 0) return { uid: found.uid, gid: found.gid };
  const account = databaseAccount();
  // root copied or restored it; the server insists on owning its data.
  if (lstatSync(join(data, 'PG_VERSION'), { throwIfNoEntry: false })?.isFile()) await handOver(data, account);
  return account;
}

/** Follows no link. The folder itself comes last: until then its new owner cannot enter and swap something for a link. */
async function handOver(data: string, { uid, gid }: Account): Promise<void> {
  await chmod(data, 0o700);
  const entries = await readdir(data, { recursive: true, withFileTypes: true }); // without types, Node 20 follows links
  for (const { parentPath, name } of entries.reverse()) await lchown(join(parentPath, name), uid, gid);
  await lchown(data, uid, gid);
}

// Not /var/tmp: systems empty it by age, file by file, and a database has files that nobody reads for a month.
function placeElsewhere(state: string): string {
  const name = createHash('sha256').update(dirname(state)).digest('hex').slice(0, 12);
  return `/var/lib/inevitable-${name}`;
}

async function openElsewhere(elsewhere: string): Promise<void> {
  await mkdir(elsewhere, { recursive: true });
  const found = lstatSync(elsewhere);
  if (!found.isDirectory() || found.uid !== 0) {
    throw new ClusterUnavailable(`${elsewhere} is wanted for the database but is not a folder of root: remove it.`);
  }
  await chmod(elsewhere, 0o711);
}

/**
 * The link ties the data to its directory. Data without a link is from a directory of this name that was deleted:
 * whoever made it anew expects an empty database, and the password is gone too. It is kept, under another name.
 */
async function linkElsewhere(inside: string, elsewhere: string, report: (line: string) => void): Promise<void> {
  const data = join(elsewhere, 'data');
  if (existsSync(data)) {
    await stopServer(data);
    const aside = `${data}-until-${new Date().toISOString()}`;
    await rename(data, aside);
    report(
      `The database of a deleted directory of this name is kept in ${aside}. When nobody needs it: rm -r ${aside}`,
    );
  }
  await symlink(data, inside);
}
