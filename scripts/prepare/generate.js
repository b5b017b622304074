import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { filesBelow, fingerprint, mark, workspaces } from './fingerprint.js';
import { runNode } from './run-tool.js';

const SHARED_SDL = 'subgraphs/kit/graph/shared.graphql';
const PRISMA_SCHEMA = 'prisma/schema.prisma';
const RESOLVER_CONFIG = 'codegen.json';

const withFile = (root, file) => workspaces(root).filter((folder) => existsSync(join(root, folder, file)));

const inputs = (root) => [
  'package-lock.json',
  SHARED_SDL,
  ...workspaces(root).flatMap((folder) =>
    filesBelow(
      root,
      folder,
      (name) => name === 'schema.prisma' || name === RESOLVER_CONFIG || name === 'schema.graphql',
    ),
  ),
];

const outputs = (root) => [
  ...withFile(root, PRISMA_SCHEMA).map((folder) => join(root, folder, 'generated', 'prisma', 'client.ts')),
  ...withFile(root, RESOLVER_CONFIG).map((folder) => join(root, folder, 'generated', 'resolvers.ts')),
];

/** Prisma clients from `prisma/schema.prisma`, resolver types from `schema.graphql`. Neither is committed. */
export const generateStep = {
  title: 'generating database clients and resolver types',
  async isDone(root) {
    return (
      mark(root, 'generate').matches(fingerprint(root, inputs(root))) && outputs(root).every((file) => existsSync(file))
    );
  },
  async run(root) {
    const from = fingerprint(root, inputs(root)); // not of what is written meanwhile
    await Promise.all([
      ...withFile(root, PRISMA_SCHEMA).map((folder) => generateClient(root, folder)),
      ...withFile(root, RESOLVER_CONFIG).map((folder) => generateResolverTypes(root, folder)),
    ]);
    mark(root, 'generate').write(from);
  },
};

/** The Prisma client of one workspace. */
export function generateClient(root, folder) {
  return runNode(
    root,
    join(root, 'node_modules/prisma/build/index.js'),
    ['generate', '--schema', `${folder}/${PRISMA_SCHEMA}`],
    {
      // Generating needs no schema engine, only a file by that name: without this Prisma would download one.
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    },
  );
}

/** The resolver types of one workspace. Rejects where its schema is no GraphQL. */
export async function generateResolverTypes(root, folder) {
  const [{ codegen }, typescript, resolvers, { parse }] = await Promise.all([
    import('@graphql-codegen/core'),
    import('@graphql-codegen/typescript'),
    import('@graphql-codegen/typescript-resolvers'),
    import('graphql'),
  ]);
  const sdl = await Promise.all(
    [SHARED_SDL, `${folder}/schema.graphql`].map((file) => readFile(join(root, file), 'utf8')),
  );
  const { contextType, mappers } = JSON.parse(await readFile(join(root, folder, RESOLVER_CONFIG), 'utf8'));
  const text = await codegen({
    filename: 'resolvers.ts',
    schema: parse(sdl.join('\n')),
    documents: [],
    plugins: [{ typescript: {} }, { resolvers: {} }],
    pluginMap: { typescript, resolvers },
    config: {
      federation: true,
      useTypeImports: true,
      contextType,
      mappers,
      // What a resolver returns: null where the schema says so, and the mapped row where there is one.
      avoidOptionals: { field: true, object: true },
      scalars: { DateTime: 'Date', JSON: 'unknown', EmailAddress: 'string', URL: 'string', Decimal: 'string' },
    },
  });
  await mkdir(join(root, folder, 'generated'), { recursive: true });
  await writeFile(join(root, folder, 'generated', 'resolvers.ts'), text);
}
