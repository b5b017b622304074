import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { largeSupergraph } from '../support/large-supergraph.js';
import { runStack, temporaryDirectory } from '../support/test-stack.js';

/** Has the command say on standard error, as its last line, how much memory it ever took. */
const TELL_PEAK = `--import=data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs';
process.on('exit', () => writeSync(2, 'peak ' + process.resourceUsage().maxRSS + '\\n'));`,
)}`;

let folder: string;
beforeAll(async () => void (folder = await temporaryDirectory()));
afterAll(() => rm(folder, { recursive: true }));

/** Runs the real command, alone on the machine. */
async function composing(...args: string[]) {
  const started = performance.now();
  const run = runStack(['compose', ...args], { DATA_DIR: folder, NODE_OPTIONS: TELL_PEAK });
  const code = await run.ended;
  const seconds = (performance.now() - started) / 1_000;
  const [, kilobytes] = /peak (\d+)\n$/.exec(run.output()) ?? [];
  return { code, output: run.output(), seconds, megabytes: Number(kilobytes) / 1_024 };
}

describe('stack compose', () => {
  it('composes this very repository within 2 seconds', async () => {
    await composing('--output', join(folder, 'warm.graphql')); // whatever is stale is built for the first one
    const { code, seconds } = await composing('--output', join(folder, 'supergraph.graphql'));
    expect(code).toBe(0);
    expect(seconds).toBeLessThan(2);
  });

  it('composes 100 subgraphs of 5,000 types within 30 seconds and 2 GB, and says that it takes a while', async () => {
    const subgraphs = largeSupergraph({ subgraphs: 100, typesEach: 50 });
    await mkdir(join(folder, 'schemas'));
    for (const { name, sdl } of subgraphs) await writeFile(join(folder, `schemas/${name}.graphql`), sdl);
    const entries = subgraphs.map(
      ({ name, routingUrl }) =>
        `  ${name}:\n    routing_url: ${routingUrl}\n    schema: { file: schemas/${name}.graphql }\n`,
    );
    await writeFile(join(folder, 'supergraph.yaml'), `subgraphs:\n${entries.join('')}`);
    const output = join(folder, 'large.graphql');
    const composed = await composing('--config', join(folder, 'supergraph.yaml'), '--output', output);
    expect(composed).toMatchObject({ code: 0, output: expect.stringContaining('composing 100 subgraphs …') });
    expect(composed.seconds).toBeLessThan(30);
    expect(composed.megabytes).toBeLessThan(2_048);
    const sdl = await readFile(output, 'utf8');
    expect(sdl.match(/^(type|interface|input|enum|scalar|union) T\d/gm)).toHaveLength(5_000);
  });
});
