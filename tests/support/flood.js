// Plain JavaScript: tests start it as a process of its own, so that what it does is not what they measure.
import { Client } from 'undici';

/**
 * Asks on many connections, on each as soon as the last was answered, whatever the answer was, while its parent says so.
 * No two questions have the same `$number`: a gateway fetches equal ones once. It tells how many of which status it was
 * answered.
 *
 * @type {{ url: string, token: string, query: string, connections: number }}
 */
const { url, token, query, connections } = JSON.parse(process.argv[2]);

const { origin, pathname: path } = new URL(url);
const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
const clients = Array.from({ length: connections }, () => new Client(origin));
let isOn = false;
let number = 0;
let statuses = {};

async function askOnAndOn(client) {
  while (isOn) {
    const body = JSON.stringify({ query, variables: { number: number++ } });
    const answer = await client.request({ method: 'POST', path, headers, body });
    await answer.body.dump();
    statuses[answer.statusCode] = (statuses[answer.statusCode] ?? 0) + 1;
  }
}

let flood = Promise.resolve();
process.on('message', async (wanted) => {
  if (wanted === isOn) return;
  isOn = wanted;
  if (isOn) {
    statuses = {};
    flood = Promise.all(clients.map(askOnAndOn));
    process.send({ statuses });
  } else {
    await flood;
    process.send({ statuses });
  }
});
process.send({ statuses });
