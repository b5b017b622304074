import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from './lock.js';

// FerretDB 1.x: a server that speaks MongoDB's protocol and keeps its data in SQLite, built from its Go module. It is for
// tests and for measuring on machines without a mongod; nobody's data is meant to be in it.

const MODULE = 'github.com/FerretDB/FerretDB';
export const FERRETDB_VERSION = 'v1.24.0';
/** What Go's checksum database says of that version. */
const SUM = 'h1:7WJmezL48Bj9bYWnhT/bEJgX5gjT5s7LFdHTqkN25rA=';

const run = promisify(execFile);

/** As published it is no database that clients may share: two who update one document on a condition can both win. */
const EDITS = [
  {
    why: 'It tells its version; the module leaves the file out.',
    file: 'build/version/version.txt',
    text: `${FERRETDB_VERSION}\n`,
  },
  {
    why: 'Writes are one at a time, and so each is atomic.',
    file: 'internal/clientconn/conn.go',
    replace: [
      [
        'func (c *conn) handleOpMsg(connCtx context.Context, msg *wire.OpMsg, command string) (*wire.OpMsg, error) {\n',
        `func (c *conn) handleOpMsg(connCtx context.Context, msg *wire.OpMsg, command string) (*wire.OpMsg, error) {
	switch command {
	case "insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop", "dropDatabase":
		handler.OneWriteAtATime.Lock()
		defer handler.OneWriteAtATime.Unlock()
	}
`,
      ],
    ],
  },
  {
    why: 'What they are held up by.',
    file: 'internal/handler/one_write_at_a_time.go',
    text: 'package handler\n\nimport "sync"\n\nvar OneWriteAtATime sync.Mutex\n',
  },
  {
    why: 'So is its own clearing of capped collections; beside it, writers find their database locked.',
    file: 'internal/handler/handler.go',
    replace: [
      [
        '\t\t\tdeleted, bytesFreed, err := h.cleanupCappedCollection(ctx, db, &cInfo, false)\n',
        '\t\t\tOneWriteAtATime.Lock()\n\t\t\tdeleted, bytesFreed, err := h.cleanupCappedCollection(ctx, db, &cInfo, false)\n\t\t\tOneWriteAtATime.Unlock()\n',
      ],
    ],
  },
  {
    why: 'An update of many documents reads one after the other; else it keeps a connection for each, and hangs at the 100th.',
    file: 'internal/handler/msg_update.go',
    replace: [
      ['\t\tdefer closer.Close()\n\n\t\tcloser.Add(res.Iter)\n', '\t\tcloser.Add(res.Iter)\n'],
      [
        '\t\tresult, err := common.UpdateDocument(ctx, c, "update", iter, &u)\n',
        '\t\tresult, err := common.UpdateDocument(ctx, c, "update", iter, &u)\n\t\tcloser.Close()\n',
      ],
    ],
  },
  {
    why: 'Each open cursor keeps a connection: at the 100th of a database its next write would wait for ever.',
    file: 'internal/backends/sqlite/metadata/pool/opendb.go',
    replace: [['db.SetMaxOpenConns(100)', 'db.SetMaxOpenConns(0)']],
  },
  {
    why: "Queries by _id use the index on _id: SQLite compares the expression's text.",
    file: 'internal/backends/sqlite/metadata/metadata.go',
    replace: [[`IDColumn = DefaultColumn + "->'$._id'"`, 'IDColumn = DefaultColumn + `->"_id"`']],
  },
  {
    why: 'So do queries by _id and a condition.',
    file: 'internal/backends/sqlite/collection.go',
    replace: [
      [
        'if params.Filter.Len() == 1 {\n\t\tv, _ := params.Filter.Get("_id")\n',
        'if v, err := params.Filter.Get("_id"); err == nil {\n',
      ],
    ],
  },
];

/**
 * The program's path: built when it is first asked for, and kept between runs and for all clones below the user's cache
 * directory. Throws where the module cannot be had, is another one, or does not build.
 *
 * @param {string} go the path of Go
 * @param {(line: string) => void} report told what takes long
 */
export async function ferretdb(go, report) {
  const edits = createHash('sha256').update(JSON.stringify(EDITS)).digest('hex').slice(0, 12);
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'inevitable-cloud-stack');
  const program = join(cache, `ferretdb-${FERRETDB_VERSION}-${edits}`);
  if (existsSync(program)) return program;
  await withLock(
    `${program}.lock`,
    () => report('another run is building FerretDB; waiting for it …'),
    async () => {
      if (existsSync(program)) return;
      await mkdir(cache, { recursive: true });
      const work = await mkdtemp(join(tmpdir(), 'ferretdb-'));
      try {
        await build(go, work, `${program}.new`, report);
        await rename(`${program}.new`, program);
      } finally {
        await rm(work, { recursive: true, force: true });
      }
    },
  );
  return program;
}

async function build(go, work, program, report) {
  report(`fetching FerretDB ${FERRETDB_VERSION} as a Go module …`);
  const { dir, sum } = await download(go, work);
  if (sum !== SUM) throw new Error(`${MODULE} ${FERRETDB_VERSION} is not what it was: its sum is ${sum}, not ${SUM}.`);

  const source = join(work, 'source');
  await cp(dir, source, { recursive: true });
  await run('chmod', ['-R', 'u+w', source]); // Go keeps modules read-only
  for (const edit of EDITS) await apply(edit, source);
  report('building FerretDB: the first time takes minutes …');
  const started = Date.now();
  await run(go, ['build', '-trimpath', '-o', program, './cmd/ferretdb'], {
    cwd: source,
    env: { ...process.env, GOWORK: 'off', GOFLAGS: '', CGO_ENABLED: '0' },
  });
  report(`building FerretDB: done in ${((Date.now() - started) / 1_000).toFixed(0)} s`);
}

/** Where Go has put the module, and what it is by its sum. */
async function download(go, work) {
  const told = await run(go, ['mod', 'download', '-json', `${MODULE}@${FERRETDB_VERSION}`], {
    cwd: work, // in no module
    env: { ...process.env, GOWORK: 'off', GOFLAGS: '' },
  }).catch((error) => {
    // Why is in what it prints, not in how it ends.
    throw error.stdout ? new Error(JSON.parse(error.stdout).Error) : error;
  });
  const { Dir: dir, Sum: sum } = JSON.parse(told.stdout);
  return { dir, sum };
}

async function apply({ why, file, text, replace = [] }, source) {
  const path = join(source, file);
  let edited = text ?? (await readFile(path, 'utf8'));
  for (const [from, to] of replace) {
    if (!edited.includes(from)) throw new Error(`FerretDB's ${file} has not the text that is to be changed (${why})`);
    edited = edited.replaceAll(from, to);
  }
  await writeFile(path, edited);
}
