// The entry point:
//   node src/main.js build      writes dist/
//   node src/main.js preview    serves dist/ on http://127.0.0.1:4000, or on PORT
//   node src/main.js start      both
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { BadPage, buildSite } from './build-site.js';
import { servePreview } from './serve-preview.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const site = JSON.parse(await readFile(new URL('../site.json', import.meta.url), 'utf8'));
const { HOST = '127.0.0.1', PORT = '4000' } = process.env;

switch (process.argv[2]) {
  case 'build':
    await build();
    break;
  case 'preview':
    preview();
    break;
  case 'start':
    if (await build()) preview();
    break;
  default:
    console.error('Say what to do: node src/main.js build, preview or start.');
    process.exitCode = 1;
}

/** Resolves with whether there is a site now. */
async function build() {
  try {
    for (const file of await buildSite({ root, site })) console.log(`dist/${file}`);
    return true;
  } catch (error) {
    if (!(error instanceof BadPage)) throw error;
    console.error(error.message);
    process.exitCode = 1;
    return false;
  }
}

function preview() {
  const server = servePreview({ folder: `${root}dist`, basePath: site.basePath });
  server.once('error', (error) => {
    console.error(`Cannot listen on ${HOST}:${PORT}: ${error.message}`);
    process.exitCode = 1;
  });
  server.listen(Number(PORT), HOST, () => console.log(`http://${HOST}:${server.address().port}${site.basePath}`));
  // No new connection; answers under way are finished.
  const stop = () => {
    server.close();
    server.closeIdleConnections();
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, stop);
}
