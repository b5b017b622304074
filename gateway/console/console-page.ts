import type { ConsoleNames } from './console-files.js';

export const CONSOLE_PATH = '/graphiql';
export const ASSETS_PATH = `${CONSOLE_PATH}/assets`;

/**
 * Only our own files run, and the page talks to its own origin alone (CSP Level 3). Styles are the exception: Monaco
 * writes them into the page while it runs.
 */
export const CONSOLE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The page `/graphiql`. It is the same for everybody: data comes by GraphQL, for whom it is. */
export function consolePage({ script, styles, workers }: ConsoleNames, demoUsers: readonly string[]): string {
  const at = (name: string): string => `${ASSETS_PATH}/${name}`;
  const workersAt = Object.fromEntries(Object.entries(workers).map(([label, name]) => [label, at(name)]));
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>GraphiQL</title>
    <link rel="icon" href="data:," />
${styles.map((name) => `    <link rel="stylesheet" href="${at(name)}" />`).join('\n')}
    <script type="module" src="${at(script)}"></script>
  </head>
  <body>
    <noscript>This page needs JavaScript.</noscript>
    <div id="root" data-workers="${attribute(workersAt)}" data-demo-users="${attribute(demoUsers)}"></div>
  </body>
</html>
`;
}

const attribute = (value: unknown): string =>
  JSON.stringify(value).replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
