import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@inevitable/kit/testing';
import { lineWriter } from './line-writer.js';

let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'lines-'))));
afterAll(() => rm(folder, { recursive: true }));

const MODULE = pathToFileURL(join(process.cwd(), 'scripts/dist/parts/line-writer.js')).href;

/** Runs `code` in a process of its own, with `lines` to its standard error; answers what came there, and its exit code. */
function run(
  code: string,
  leavesAfter = Infinity,
): Promise<{ readonly text: string; readonly exitCode: number | null }> {
  const script = `import { lineWriter } from '${MODULE}'; const lines = lineWriter(2); ${code}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let text = '';
  child.stderr.on('data', (part: Buffer) => {
    text += part.toString();
    if (text.length > leavesAfter) child.stderr.destroy();
  });
  return new Promise((resolve) => child.on('close', (exitCode) => resolve({ text, exitCode })));
}
const MANY = 'for (let at = 0; at < 20_000; at++) lines.write(`line ${at}\\n`);';

describe('Lines of the log', () => {
  it.each([
    ['ends by itself', MANY, 0],
    ['is left at once', `${MANY} process.exit(3);`, 3],
    ['is left while others are on their way', `${MANY} setImmediate(() => { ${MANY} process.exit(3); });`, 3],
    ['dies of an error', `${MANY} throw new Error('at last');`, 1],
  ])('are all there when the process %s', async (_how, code, exitCode) => {
    const ended = await run(code);
    const written = ended.text.split('\n').filter((line) => line.startsWith('line '));
    expect([ended.exitCode, written.length]).toEqual([exitCode, code.split('20_000').length > 2 ? 40_000 : 20_000]);
    expect(written.slice(0, 20_000)).toEqual(Array.from({ length: 20_000 }, (_, at) => `line ${at}`));
  });

  it('end no process whose reader is gone, and hold none up', async () => {
    const endless = `const timer = setInterval(() => { ${MANY} }, 1); setTimeout(() => process.exit(7), 300);`;
    expect((await run(`${endless} timer.unref();`, 1_000)).exitCode).toBe(7);
  });

  it('go to the end of a file that its owner alone may read, and after it was moved away to a new one', async () => {
    const [file, moved] = [join(folder, 'a.log'), join(folder, 'a.log.1')];
    const lines = lineWriter(file);
    lines.write('one\n');
    await until('it is written', async () => (await readFile(file, 'utf8')) === 'one\n');
    await rename(file, moved);
    lines.write('two\n');
    lines.reopen();
    lines.write('three\n');
    lines.reopen();
    await until('it is written', async () => (await readFile(file, 'utf8')).endsWith('three\n'));
    expect([await readFile(moved, 'utf8'), await readFile(file, 'utf8')].join('')).toBe('one\ntwo\nthree\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('that a place does not take are lost, of which one is told once', async () => {
    const told: string[] = [];
    const lines = lineWriter('/dev/full', ({ message }) => told.push(message));
    lines.write('one\n');
    await until('somebody was told', () => Promise.resolve(told.length > 0));
    lines.write('two\n');
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toEqual([expect.stringContaining('ENOSPC')]);
  });
});
