import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';

const STARTER = join(process.cwd(), 'subgraphs/starter');

/** What the compiler says of a module of a product, which the product's package publishes the types of. */
function judged(source: string): string[] {
  const file = join(STARTER, 'declared.ts');
  const config = ts.getParsedCommandLineOfConfigFile(join(STARTER, 'tsconfig.json'), {}, {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, '\n'));
    },
  } as ts.ParseConfigFileHost)!;
  const host = ts.createCompilerHost(config.options);
  const { fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.getSourceFile = (path, target, ...more) =>
    path === file ? ts.createSourceFile(path, source, target) : getSourceFile(path, target, ...more);
  const program = ts.createProgram([file], config.options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

describe('What a product declares', () => {
  it('needs no type that the kit does not export: jobs, events, commands and the product itself are inferred', () => {
    expect(
      judged(`
        import { connectionOf, defineCommand, defineEvent, defineJob, defineSubgraph, inOneCall, parseInput, skipped } from '@inevitable/kit';
        import { z } from 'zod';

        const payload = z.object({ taskId: z.uuid() });
        export const job = defineJob({ name: 'planner.a', payload, run: async ({ transaction }) => transaction(async () => skipped('a')) });
        export const typedJob = defineJob<{ taskId: string }>({ name: 'planner.b', payload, async run() {} });
        export const event = defineEvent({ name: 'planner.task.changed.v1', payload });
        export const command = defineCommand({ name: 'c', description: 'c', examples: [], async run({ print }) { print('c'); } });
        export const product = defineSubgraph({
          name: 'planner', owner: 'team', schema: new URL('file:///schema.graphql'), resolvers: {}, jobs: [job], events: [event], commands: [command],
        });
        export const named = [connectionOf, inOneCall, parseInput];
      `),
    ).toEqual([]);
  });
});
