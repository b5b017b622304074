import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@inevitable/kit/testing';
import { generatedPlatform, HOSTILE_NAME, type GeneratedPlatform } from './generated-platform.js';
import { install, runOwnTests, startNode, type OwnProcess } from './own-process.js';

let platform: GeneratedPlatform;
beforeAll(async () => {
  platform = await generatedPlatform('worker', {
    name: HOSTILE_NAME,
    parameters: { task: 'measure-inbox', schedule: '0 4 * * 1-5', timezone: 'Europe/Berlin', attempts: 2 },
  });
  await install(platform.folder);
});
afterAll(() => platform.remove());

const EVERY_SECOND = '* * * * * *';

async function start(settings: Record<string, string> = {}): Promise<{ worker: OwnProcess; url: string }> {
  const worker = startNode(['src/main.js'], platform.folder, { PORT: '0', RETRY_FIRST_MS: '0', ...settings });
  const [, port] = await worker.printed(/"message":"started".*"port":(\d+)/);
  return { worker, url: `http://127.0.0.1:${port}` };
}
async function stop({ child, ended }: OwnProcess): Promise<void> {
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
}
const healthOf = async (url: string) =>
  (await (await fetch(`${url}/health`)).json()) as {
    readonly nextRunAt: string;
    readonly runningSince: string | null;
    readonly last: Record<string, unknown> | null;
    readonly skipped: number;
  };

describe('A worker, generated for a name that breaks out of anything, and installed', () => {
  it('passes its own tests', async () => {
    expect(await runOwnTests(platform.folder)).toMatch(/^# fail 0$/m);
  });

  it('waits for its schedule, in its time zone', async () => {
    const { worker, url } = await start();
    const { nextRunAt, last } = await healthOf(url);
    expect(last).toBe(null);
    const hourInBerlin = new Intl.DateTimeFormat('en', {
      hour: 'numeric',
      hourCycle: 'h23',
      timeZone: 'Europe/Berlin',
    });
    expect(hourInBerlin.format(new Date(nextRunAt))).toBe('04');
    expect((await fetch(`${url}/ready`)).status).toBe(200);
    await stop(worker);
  });

  it('runs its task when it is due, and shows what came of it', async () => {
    const inbox = join(platform.folder, 'inbox');
    await mkdir(inbox);
    await writeFile(join(inbox, 'letter.txt'), 'hello');
    const { worker, url } = await start({ SCHEDULE: EVERY_SECOND, WORK_FOLDER: inbox });
    await worker.printed(/"message":"done"/);
    expect((await healthOf(url)).last).toMatchObject({
      outcome: 'succeeded',
      attempts: 1,
      result: { files: 1, bytes: 5 },
    });
    await stop(worker);
    expect(worker.output()).toContain('"task":"measure-inbox"');
    expect(worker.output()).toContain('"message":"stopped"');
  });

  it('tries again what fails, then says why, and is not ready', async () => {
    const { worker, url } = await start({ SCHEDULE: EVERY_SECOND, WORK_FOLDER: '/nowhere/at/all' });
    await worker.printed(/"message":"failed"/);
    expect(worker.output().match(/"level":"warn"[^\n]*"attempt":[12]/g)!.length).toBeGreaterThanOrEqual(2);
    const ready = await fetch(`${url}/ready`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { ready: false, reason: expect.stringMatching(/^the last run failed: ENOENT/) },
    ]);
    await stop(worker);
  });

  it('does not start with a schedule it cannot use, and says so', async () => {
    const worker = startNode(['src/main.js'], platform.folder, { SCHEDULE: 'at noon' });
    expect(await worker.ended).toBe(1);
    expect(worker.output()).toMatch(/^SCHEDULE "at noon" in TIMEZONE "Europe\/Berlin" cannot be used: .*\n$/);
  });
});

describe('A worker with a task of its team', () => {
  it('never runs it twice at once, and lets it end when the worker is stopped', async () => {
    const team = await generatedPlatform('worker', { slug: 'team' });
    await install(team.folder);
    const go = join(team.folder, 'go');
    await writeFile(
      join(team.folder, 'src', 'task.js'),
      `import { existsSync } from 'node:fs';
       import { setTimeout } from 'node:timers/promises';
       export const TASK = 'wait';
       export async function runTask({ signal }) {
         console.log('begun');
         while (!existsSync(${JSON.stringify(go)})) await setTimeout(10, undefined, { signal });
         console.log('ended');
       }`,
    );
    const worker = startNode(['src/main.js'], team.folder, { PORT: '0', SCHEDULE: EVERY_SECOND });
    const [, port] = await worker.printed(/"message":"started".*"port":(\d+)/);
    const url = `http://127.0.0.1:${port}`;
    await worker.printed(/^begun$/m);
    await until('a second run was left out', async () => (await healthOf(url)).skipped > 0);
    expect(worker.output().match(/^begun$/gm)).toHaveLength(1);

    worker.child.kill('SIGTERM');
    await worker.printed(/SIGTERM: stopping/);
    expect(await (await fetch(`${url}/ready`)).json()).toEqual({ ready: false, reason: 'stopping' });
    await writeFile(go, '');
    expect(await worker.ended).toBe(0);
    expect(worker.output()).toMatch(/^ended$/m);
    expect(worker.output().match(/^begun$/gm)).toHaveLength(1);
    await team.remove();
  });
});
