import { createServer } from 'node:http';

/**
 * `/health`: 200 while the process lives, with what it does and did. `/ready`: 200, or 503 while it stops and when its last
 * run failed.
 */
export function serveHealth({ runner, nextRunAt }) {
  return createServer(({ method, url }, response) => {
    const answer = (status, body) => {
      response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
      response.end(method === 'HEAD' ? undefined : `${JSON.stringify(body)}\n`);
    };
    if (method !== 'GET' && method !== 'HEAD') return answer(405, { error: 'Only GET and HEAD are answered.' });
    switch (url) {
      case '/health': {
        const { runningSince, last, skipped } = runner.state();
        return answer(200, { runningSince, nextRunAt: nextRunAt(), last, skipped });
      }
      case '/ready': {
        const reason = notReadyReason(runner.state());
        return answer(reason === null ? 200 : 503, { ready: reason === null, reason });
      }
      default:
        return answer(404, { error: 'There are /health and /ready.' });
    }
  });
}

function notReadyReason({ isStopping, last }) {
  if (isStopping) return 'stopping';
  return last?.outcome === 'failed' ? `the last run failed: ${last.reason}` : null;
}
