import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/**
 * Serves a page of one file, with one `<script>` and one `<style>`, the same for everybody. Only what is written in it runs
 * and styles it, and it talks to its own origin alone (CSP Level 3). Read once; throws where the file has not both.
 */
export function htmlPage(file: URL): () => Response {
  const page = readFileSync(file, 'utf8');
  const policy = [
    "default-src 'none'",
    `script-src ${hashOf(page, 'script')}`,
    `style-src ${hashOf(page, 'style')}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
  return () =>
    new Response(page, {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-cache',
      },
    });
}

/** Of what stands between the tags, to the last blank. */
function hashOf(page: string, element: 'script' | 'style'): string {
  const [, text] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page) ?? [];
  if (text === undefined) throw new Error(`A page has no <${element}> to hash.`);
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
