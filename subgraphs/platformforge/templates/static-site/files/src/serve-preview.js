import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join } from 'node:path';

const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.jpg': 'image/jpeg',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
/** As nameByContent makes them. */
const NAMED_BY_CONTENT = /\.[0-9a-f]{10}(\.[^./]+)?$/;

/** Shows `folder` below `basePath`, as a web server would: for looking at it, not for the public. */
export function servePreview({ folder, basePath }) {
  return createServer(async (request, response) => {
    const { method, url } = request;
    if (method !== 'GET' && method !== 'HEAD') return response.writeHead(405, { allow: 'GET, HEAD' }).end();
    const path = pathOf(url, basePath);
    const file = path === null ? null : await findFile(folder, path);
    // Written anew: what was asked for may begin with "//", and would lead to another host.
    if (file?.slash) return response.writeHead(308, { location: encodeURI(`${basePath}${path}/`) }).end();
    const found = file ?? (await findFile(folder, '404.html'));
    const headers = {
      'content-type': found ? (TYPES[extname(found.path)] ?? 'application/octet-stream') : TYPES['.txt'],
      'cache-control': file && NAMED_BY_CONTENT.test(file.path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      'x-content-type-options': 'nosniff',
      ...(found && { 'content-length': found.size }),
    };
    response.writeHead(file ? 200 : 404, headers);
    if (method === 'HEAD') return response.end();
    if (!found) return response.end('There is no such page.\n');
    createReadStream(found.path)
      .on('error', () => response.destroy())
      .pipe(response);
  });
}

/** What is asked for, below the folder; null where that is nowhere. */
function pathOf(url, basePath) {
  try {
    const path = decodeURIComponent(new URL(url, 'http://site').pathname);
    const isInside = path.startsWith(basePath) && !path.includes('\0') && !path.split(/[/\\]/).includes('..');
    return isInside ? path.slice(basePath.length) : null;
  } catch {
    return null; // no address at all
  }
}

/** The file, or the page of a folder; `slash` where a folder was asked for without its slash. */
async function findFile(folder, path) {
  const asked = join(folder, path);
  const found = await statOrNull(asked);
  if (found?.isFile() && !path.endsWith('/')) return { path: asked, size: found.size };
  if (!found?.isDirectory()) return null;
  const page = await statOrNull(join(asked, 'index.html'));
  if (!page) return null;
  return path === '' || path.endsWith('/') ? { path: join(asked, 'index.html'), size: page.size } : { slash: true };
}

const statOrNull = (path) => stat(path).catch(() => null);
