import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readlinkSync, statSync } from 'node:fs';
import { access, chmod, constants, lchown, mkdir, readdir, realpath, rename, symlink } from 'node:fs/promises';
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
    await mkdir(join(wanted, 'leases'), { recursive: true });
    const state = await realpath(wanted);
    await chmod(state, isRoot ? 0o711 : 0o700); // as root the server's user passes through, and reads nothing
    await access(state, constants.W_OK);
    return state;
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new ClusterUnavailable(
      `The data directory ${resolve(dataDir)} cannot be written to (${code}): make it writable for this user, or choose another one.`,
      { cause },
    );
  }
}

/** Decides where the data lives. Call under the lock: the first time it may have to prepare a folder elsewhere. */
export async function choosePlace(state: string, report: (line: string) => void): Promise<Place> {
  const inside = join(state, 'data');
  if (!isRoot) return { state, home: state, data: inside, account: null };

  const account = await accountFor(inside);
  const elsewhere = placeElsewhere(state);
  const link = lstatSync(inside, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(inside) : null;
  if (link === null && canReach(account, state, 1)) return { state, home: state, data: inside, account };

  if (link === null && existsSync(inside)) {
    throw new ClusterUnavailable(
      `The database user (uid ${account.uid}) cannot enter ${inside} any more: allow it through every folder above (chmod o+x), or move that folder aside to start empty.`,
    );
  }
  if (link !== null && link !== join(elsewhere, 'data')) {
    throw new ClusterUnavailable(
      `${inside} leads to ${link}, which belongs to a directory of another name: if this one was renamed, move ${dirname(link)} to ${elsewhere} and point the link there; if it is a copy, remove the link to start empty.`,
    );
  }
  await openElsewhere(elsewhere);
  if (link === null) await linkElsewhere(inside, elsewhere, report);
  report(`The database user (uid ${account.uid}) cannot enter ${state}, so the database lives in ${elsewhere}.`);
  return { state, home: elsewhere, data: join(elsewhere, 'data'), account };
}

/** Existing data keeps its owner: it may be an ordinary user's, or from before a user "postgres" was added. */
async function accountFor(data: string): Promise<Account> {
  const owner = statSync(data, { throwIfNoEntry: false });
  if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  const account = databaseAccount();
  if (owner) {
    // root copied or restored it; the server insists on owning its data.
    const entries = ['', ...(await readdir(data, { recursive: true }))];
    await Promise.all(entries.map((entry) => lchown(join(data, entry), account.uid, account.gid)));
  }
  return account;
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
    report(`The database of a deleted directory of this name is kept in ${aside}.`);
  }
  await symlink(data, inside);
}
