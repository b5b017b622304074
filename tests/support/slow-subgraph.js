// Plain JavaScript: tests start it as a process of its own.
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers';

/**
 * A subgraph whose only field is there after `takesMs`, for `atOnce` requests at a time, as one has whose database has so
 * many connections. The others wait, first come, first served, whoever they are.
 *
 * @type {{ takesMs: number, atOnce: number }}
 */
const { takesMs, atOnce } = JSON.parse(process.argv[2]);

let busy = 0;
const waiting = [];

function begin(response) {
  busy++;
  setTimeout(() => {
    busy--;
    response.setHeader('content-type', 'application/json').end('{"data":{"slow":"there"}}');
    if (waiting.length > 0) begin(waiting.shift());
  }, takesMs);
}

const server = createServer((request, response) => {
  request.resume().on('end', () => (busy < atOnce ? begin(response) : waiting.push(response)));
});
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => process.send({ url: `http://127.0.0.1:${server.address().port}` }));
