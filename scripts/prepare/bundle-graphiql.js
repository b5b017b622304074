import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { filesBelow } from './fingerprint.js';
import { performStep } from './perform-step.js';
import { ROOT } from './prepare.js';

const SOURCE = 'gateway/console/graphiql';
const OUTPUT = join(ROOT, '.stack', 'graphiql');

/** What Monaco runs beside the page, by the label it asks for. */
const WORKERS = {
  editor: 'monaco-editor/esm/vs/editor/editor.worker.js',
  json: 'monaco-editor/esm/vs/language/json/json.worker.js',
  graphql: 'monaco-graphql/esm/graphql.worker.js',
};

const step = {
  title: 'bundling GraphiQL',
  name: 'graphiql',
  inputs: () => [
    'package-lock.json',
    'scripts/prepare/bundle-graphiql.js',
    ...filesBelow(ROOT, SOURCE, (name) => !name.endsWith('.test.ts')),
  ],
  output: join(OUTPUT, 'console.json'),
  run: bundle,
};

/**
 * Bundles the GraphiQL page, once for each state of its source, from what is installed. Answers the folder with the files
 * and with `console.json`: `{ script, styles, workers: { editor, json, graphql } }`, names of files in it.
 *
 * @returns {Promise<string>}
 */
export async function bundleGraphiql() {
  await performStep(step);
  return OUTPUT;
}

async function bundle() {
  const { build, stop } = await import('esbuild');
  const draft = `${OUTPUT}.${process.pid}`;
  const shared = {
    absWorkingDir: ROOT,
    bundle: true,
    minify: true,
    metafile: true,
    outdir: draft,
    entryNames: '[name]-[hash]',
    assetNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    target: 'es2022',
    loader: { '.ttf': 'file', '.woff2': 'file' },
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'silent',
  };
  try {
    await mkdir(draft, { recursive: true });
    const [page, workers] = await Promise.all([
      build({ ...shared, entryPoints: [`${SOURCE}/main.jsx`], format: 'esm', splitting: true, jsx: 'automatic' }),
      build({
        ...shared,
        entryPoints: Object.entries(WORKERS).map(([label, file]) => ({
          in: join(ROOT, 'node_modules', file),
          out: `${label}.worker`,
        })),
        format: 'iife',
      }),
    ]);
    const entry = Object.entries(page.metafile.outputs).find(([, { entryPoint }]) => entryPoint?.endsWith('main.jsx'));
    const [script, { cssBundle }] = entry;
    // Those of parts that are loaded later too: nothing else would load them.
    const others = Object.keys(page.metafile.outputs).filter((file) => file.endsWith('.css') && file !== cssBundle);
    const names = {
      script: basename(script),
      styles: [...others, cssBundle].map((file) => basename(file)),
      workers: Object.fromEntries(
        Object.keys(workers.metafile.outputs).map((file) => [basename(file).split('.', 1)[0], basename(file)]),
      ),
    };
    await writeFile(join(draft, 'console.json'), JSON.stringify(names));
    await rm(OUTPUT, { recursive: true, force: true });
    await rename(draft, OUTPUT);
  } finally {
    await rm(draft, { recursive: true, force: true });
    await stop(); // its process would stay
  }
}
