import { spawn, type ChildProcess } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createTestDatabase, until, type TestDatabase } from '@inevitable/kit/testing';
import { freePort } from './free-port.js';
import { DEMO_PASSWORD, temporaryDirectory } from './test-stack.js';

const ROOT = process.cwd();
const NOT_COPIED = new Set(['node_modules', 'bench', '.data', '.git']);

/** `stack dev` in a copy of this project, whose files a test may change. */
export class DevProject {
  #token = '';
  #output = '';
  #child!: ChildProcess;
  #ended!: Promise<number | NodeJS.Signals>;

  private constructor(
    readonly root: string,
    private readonly port: number,
    private readonly dataDir: string,
    private readonly database: TestDatabase,
  ) {}

  /** Resolves when it serves, and its compiler waits for changes. */
  static async start(): Promise<DevProject> {
    const [root, dataDir, port] = await Promise.all([copyOfProject(), temporaryDirectory(), freePort()]);
    const project = new DevProject(root, port, dataDir, await createTestDatabase('empty', () => Promise.resolve()));
    await project.startAgain();
    return project;
  }

  /** After it has ended, on the files as they are now. */
  async startAgain(): Promise<void> {
    const { root, port, dataDir, database } = this;
    const child = spawn(process.execPath, [join(root, 'scripts/bin/stack.js'), 'dev', '--port', String(port)], {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        DATA_DIR: dataDir,
        DATABASE_URL: database.url,
        STACK_DEMO_PASSWORD: DEMO_PASSWORD,
        RATE_LIMITS: 'off',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    this.#ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code ?? -1)));
    let died: number | NodeJS.Signals | null = null;
    void this.#ended.then((how) => (died = how));
    await until('"stack dev" watches', () => died !== null || this.output.includes('  watching '), 110_000);
    if (died !== null) throw new Error(`"stack dev" ended with ${died}:\n${this.output}`);
    await this.signIn();
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Of `stack dev` itself. */
  get pid(): number {
    return this.#child.pid!;
  }

  /** Answers how `stack dev` itself has ended. */
  end(signal: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.#child.kill(signal);
    return this.#ended;
  }

  /** Standard output and standard error. */
  get output(): string {
    return this.#output;
  }

  read(file: string): Promise<string> {
    return readFile(join(this.root, file), 'utf8');
  }

  async write(file: string, text: string): Promise<void> {
    await mkdir(join(this.root, file, '..'), { recursive: true });
    await writeFile(join(this.root, file), text);
  }

  /** The text of a file with something else in place of `from`, which it has. */
  async change(file: string, from: string | RegExp, to: string): Promise<void> {
    const before = await this.read(file);
    if (before.replace(from, () => '') === before) throw new Error(`${file} has no ${from}`);
    await this.write(
      file,
      before.replace(from, () => to),
    );
  }

  async signIn(email = 'ada@acme.test'): Promise<void> {
    const { accessToken } = await this.post('/auth/login', { email, password: DEMO_PASSWORD });
    this.#token = String(accessToken);
  }

  /** As ada, or whoever has signed in since. */
  query(query: string): Promise<Record<string, unknown>> {
    return this.post('/graphql', { query });
  }

  async fieldsOf(type: string): Promise<readonly string[]> {
    const { data } = (await this.query(`{ __type(name: "${type}") { fields { name } } }`)) as {
      data: { __type: { fields: { name: string }[] } | null };
    };
    return (data.__type?.fields ?? []).map(({ name }) => name);
  }

  /** As the GraphiQL page shows them. */
  async problems(): Promise<readonly { readonly title: string; readonly text: string }[]> {
    const response = await fetch(`${this.url}/graphiql/problems`);
    const { problems } = (await response.json()) as { problems: { title: string; text: string }[] };
    return problems;
  }

  private async post(path: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(this.#token && { authorization: `Bearer ${this.#token}` }) },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  async close(): Promise<void> {
    await this.end('SIGINT');
    await this.database.drop();
    await Promise.all([this.root, this.dataDir].map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

/** Sources and what was made of them; what is installed is that of this project. */
async function copyOfProject(): Promise<string> {
  const copy = await realpath(await mkdtemp(join(tmpdir(), 'stack-dev-')));
  const { workspaces } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] };
  const rootFiles = (await readdir(ROOT, { withFileTypes: true })).filter((entry) => entry.isFile());
  await Promise.all([
    ...rootFiles.map(({ name }) => cp(join(ROOT, name), join(copy, name), { preserveTimestamps: true })),
    ...workspaces.map((folder) =>
      cp(join(ROOT, folder), join(copy, folder), {
        recursive: true,
        preserveTimestamps: true,
        filter: (path) => !NOT_COPIED.has(basename(path)),
      }),
    ),
    cp(join(ROOT, '.stack'), join(copy, '.stack'), {
      recursive: true,
      filter: (path) => basename(path) !== 'lock',
    }),
  ]);
  await linkInstalled(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  for (const folder of workspaces)
    await linkAll(join(ROOT, folder, 'node_modules'), join(copy, folder, 'node_modules'));
  return copy;
}

async function linkInstalled(from: string, to: string): Promise<void> {
  await linkAll(from, to, '@inevitable');
  await mkdir(join(to, '@inevitable'));
  for (const name of await readdir(join(from, '@inevitable')))
    await symlink(await readlink(join(from, '@inevitable', name)), join(to, '@inevitable', name)); // relative: to the copy's
}

async function linkAll(from: string, to: string, except?: string): Promise<void> {
  const names = await readdir(from).catch(() => []);
  if (!names.length) return;
  await mkdir(to, { recursive: true });
  for (const name of names) if (name !== except) await symlink(join(from, name), join(to, name));
}
