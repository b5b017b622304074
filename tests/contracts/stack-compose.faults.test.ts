import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runStack, temporaryDirectory, type StackProcess } from '../support/test-stack.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryDirectory();
  await mkdir(join(folder, 'schemas'));
  await write('schemas/a.graphql', schemaOf('First'));
  await write(
    'supergraph.yaml',
    'subgraphs:\n  a:\n    routing_url: http://a.test/graphql\n    schema: { file: schemas/a.graphql }\n',
  );
});
afterAll(() => rm(folder, { recursive: true }));

const write = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text);
const schemaOf = (type: string): string => `type Query { a: ${type} }\ntype ${type} @key(fields: "id") { id: ID! }\n`;

/** Resolves when the process has said it, in what it says after `from`; rejects when it ends without. */
async function said(stack: StackProcess, text: string, from = 0): Promise<void> {
  const ended = stack.ended.then(() =>
    Promise.reject(new Error(`It ended without saying "${text}": ${stack.output()}`)),
  );
  while (!stack.output().slice(from).includes(text)) {
    const more = new Promise((resolve) => {
      stack.child.stdout!.once('data', resolve);
      stack.child.stderr!.once('data', resolve);
    });
    await Promise.race([more, ended]);
  }
}

describe('stack compose --watch', () => {
  it('writes what composes within 2 seconds of a change, keeps it where nothing does, and ends with 0 by Ctrl-C', async () => {
    const output = join(folder, 'supergraph.graphql');
    const stack = runStack(['compose', '--config', join(folder, 'supergraph.yaml'), '--output', output, '--watch'], {
      DATA_DIR: folder,
    });
    await said(stack, 'Ctrl-C ends it');
    expect(await readFile(output, 'utf8')).toContain('type First');

    const changed = performance.now();
    let from = stack.output().length;
    await write('schemas/a.graphql', schemaOf('Second'));
    await said(stack, '1 subgraph composes into', from);
    expect(performance.now() - changed).toBeLessThan(2_000);
    const second = await readFile(output, 'utf8');
    expect(second).toContain('type Second');

    from = stack.output().length;
    await write('schemas/a.graphql', 'type Query { a: Missing }');
    await said(stack, 'The subgraphs do not compose: 1 error', from);
    from = stack.output().length;
    await write('supergraph.yaml', 'subgraphs: [');
    await said(stack, 'this is not valid YAML', from);
    expect(await readFile(output, 'utf8')).toBe(second);

    stack.child.kill('SIGINT');
    expect(await stack.ended).toBe(0);
    expect(stack.printed()).toBe('');
  });
});
