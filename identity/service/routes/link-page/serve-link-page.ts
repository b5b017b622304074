import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('./link-page.html', import.meta.url), 'utf8');

/** Only what is written in the page runs and styles it, and it talks to its own origin alone (CSP Level 3). */
const POLICY = [
  "default-src 'none'",
  `script-src ${hashOf('script')}`,
  `style-src ${hashOf('style')}`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Where a link in a mail leads. It is the same for everybody: what the link carries stands behind its `#`, which no
 * request has, and is sent with `POST` to the same path when a button is pressed.
 */
export const serveLinkPage = (): Response =>
  new Response(page, {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    },
  });

/** Of what stands between the tags, to the last blank. */
function hashOf(element: 'script' | 'style'): string {
  const [, text] = new RegExp(`<${element}>([^]*?)</${element}>`).exec(page)!;
  return `'sha256-${createHash('sha256').update(text!).digest('base64')}'`;
}
