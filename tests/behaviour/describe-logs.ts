import { randomUUID } from 'node:crypto';
import { readFile, rename, stat } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import type { Collector } from '../support/collector.js';
import { DEMO_PASSWORD, until, type Session, type TestStack } from '../support/test-stack.js';

type Line = Readonly<Record<string, unknown>>;

/** A word that stands nowhere by itself, for each place where a client can write something. */
const canaries = new Map<string, string>();
function canary(place: string): string {
  const word = `canary${String.fromCharCode(97 + (canaries.size % 26), 97 + Math.floor(canaries.size / 26))}kwvqz`;
  canaries.set(word, place);
  return word;
}

/** What stands in a log, in a trace or in what is recorded although a client wrote it, and why. */
const MEANT: Readonly<Record<string, string>> = {
  'x-request-id': 'clients ask for it, so that what they were promised is found',
  'operation name': 'an identifier that developers give: 100 characters, and operators know operations by nothing else',
  'client name': 'what an application calls itself: 100 plain characters',
  'client version': 'likewise',
};

/** What is recorded of operations has their documents, without values: a response key is an identifier of developers', too. */
const isMeant = (what: string, place: string): boolean =>
  Object.hasOwn(MEANT, what) || (what === 'response key' && place === 'what is recorded');

const linesIn = (text: string): Line[] =>
  text.split('\n').flatMap((line) => (line.startsWith('{"level"') ? [JSON.parse(line) as Line] : []));

export function describeLogs(running: () => TestStack, receiving: () => Collector, securityLog: () => string): void {
  let stack: TestStack;
  let ada: Session;
  let root: Session;
  beforeAll(async () => {
    stack = running();
    [ada, root] = await Promise.all([stack.signIn('ada@acme.test'), stack.signIn('root@platform.test')]);
  });

  const allLines = (): Line[] => stack.processes.flatMap(({ output }) => linesIn(output()));
  const linesOf = (traceId: string): Line[] => allLines().filter((line) => line['traceId'] === traceId);
  async function line(traceId: string, kind: Line): Promise<Line> {
    const isIt = (one: Line) => Object.entries(kind).every(([name, value]) => one[name] === value);
    await until(`a line of ${traceId} has come`, () => Promise.resolve(linesOf(traceId).some(isIt)));
    return linesOf(traceId).find(isIt)!;
  }
  const hex = (digits: number) =>
    Array.from({ length: digits }, () => '123456789abcdef'[Math.floor(Math.random() * 15)]);
  const newTrace = () => hex(32).join('');
  const traceparent = (traceId: string) => `00-${traceId}-00f067aa0ba902b7-00`;
  const bearer = () => ({ authorization: `Bearer ${ada.accessToken}` });
  const WRITE = 'mutation WriteNote { createNote(input: { text: "two words" }) { id } }';

  /** Answers what came over a socket until `count` operations were complete. */
  async function overSocket(payloads: readonly object[], headers: Record<string, string> = {}, init: object = {}) {
    const socket = new WebSocket(`${stack.url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    const ended = new Promise<void>((resolve, reject) => {
      let left = payloads.length;
      socket.on('message', (data: Buffer) => {
        const { type } = JSON.parse(data.toString()) as { type: string };
        if (type === 'connection_ack')
          payloads.forEach((payload, id) =>
            socket.send(JSON.stringify({ id: String(id), type: 'subscribe', payload })),
          );
        if ((type === 'complete' || type === 'error') && --left === 0) resolve();
      });
      socket.on('close', () => resolve());
      socket.on('error', reject);
    });
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload: init })));
    await ended;
    socket.close();
  }

  describe('A trace id', () => {
    it('leads from the answer over the line of the request to the outbox, and to the run of the job it caused', async () => {
      const traceId = newTrace();
      const { headers, body } = await stack.query(WRITE, {}, { ...bearer(), traceparent: traceparent(traceId) });
      expect(body.errors).toBeUndefined();
      expect(headers.get('x-request-id')).toBe(traceId);
      expect(await line(traceId, { request: true })).toMatchObject({
        route: 'graphql',
        outcome: 'answered',
        operation: { name: 'WriteNote', type: 'mutation' },
        caller: 'member',
        subgraphs: { starter: { fetches: 1, failed: 0 } },
      });
      expect(await line(traceId, { request: true })).not.toHaveProperty('requestId');
      const [record] = await stack.sql(
        `select id, options->>'trace' as trace from starter.outbox where correlation_id = $1 and kind = 'job'`,
        traceId,
      );
      expect(record!['trace']).toMatch(`00-${traceId}-`);
      expect(await line(traceId, { msg: 'a job ran' })).toMatchObject({
        job: 'starter.count-words',
        id: record!['id'],
        outcome: 'succeeded',
      });
      const { body: asked } = await ada.query('query ($id: ID!) { job(id: $id) { correlationId } }', {
        id: record!['id'],
      });
      expect(asked).toEqual({ data: { job: { correlationId: traceId } } });
    });

    it('stands on each line beside the name that the client chose for its request', async () => {
      const traceId = newTrace();
      const named = { 'x-request-id': 'order-7', traceparent: traceparent(traceId) };
      const { headers } = await stack.query(WRITE, {}, { ...bearer(), ...named });
      expect(headers.get('x-request-id')).toBe('order-7');
      expect(await line(traceId, { request: true })).toMatchObject({ requestId: 'order-7' });
      expect(await line(traceId, { msg: 'a job ran' })).toMatchObject({ correlationId: 'order-7' });
    });

    it('is that of one operation of a WebSocket, unless its upgrade named one for all', async () => {
      const [own, shared] = [newTrace(), newTrace()];
      const asking = (name: string, extensions: object = {}) => ({
        query: `query ${name} { viewer { user { id } } }`,
        extensions,
      });
      await overSocket([asking('SocketOne'), asking('SocketTwo', { traceparent: traceparent(own) })]);
      await overSocket([asking('SocketThree'), asking('SocketFour')], { traceparent: traceparent(shared) });
      const of = (name: string) =>
        allLines().find(({ operation }) => (operation as Line | undefined)?.['name'] === name);
      await until('all four were told of', () =>
        Promise.resolve(['SocketOne', 'SocketTwo', 'SocketThree', 'SocketFour'].every(of)),
      );
      expect(of('SocketOne')).toMatchObject({ route: 'websocket', traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
      expect(of('SocketOne')).not.toHaveProperty('requestId');
      expect(of('SocketTwo')).toMatchObject({ traceId: own });
      expect([of('SocketThree')!['traceId'], of('SocketFour')!['traceId']]).toEqual([shared, shared]);
      expect(of('SocketThree')!['requestId']).not.toBe(of('SocketFour')!['requestId']);
    });
  });

  describe('What clients write', () => {
    /** Everything that is kept or shown for operators, but for the audit: it says who did what. */
    async function everythingToldOf(): Promise<ReadonlyMap<string, string>> {
      const parts = ['gateway', 'identity', 'operations', 'starter', 'platformforge', 'worker'];
      const metrics = await Promise.all(parts.map((part) => stack.metricsOf(part)));
      const tables = await stack.sql(
        `select table_name as name from information_schema.tables where table_schema = 'operations'
         and table_name ~ 'usage|traffic|operation|client|health'`,
      );
      const rows = await Promise.all(
        tables.map(({ name }) => stack.sql(`select t::text from operations."${String(name)}" t`)),
      );
      const status = await root.query('{ stackStatus { ready parts { name ready reason } } }');
      return new Map([
        ['log', stack.processes.map(({ output }) => output()).join('\n')],
        ['security log', await readFile(securityLog(), 'utf8')],
        ['metrics', metrics.join('\n')],
        ['traces', receiving().text()],
        ['what is recorded', JSON.stringify(rows)],
        ['stackStatus', status.text],
      ]);
    }

    it('is in no log, no metric, no trace and nothing that is recorded, wherever it was put', async () => {
      const jwt = (payload: string) =>
        `eyJhbGciOiJFUzI1NiJ9.${Buffer.from(JSON.stringify({ sub: payload })).toString('base64url')}.${canary('signature of a token')}`;
      const { post, query } = { post: stack.post.bind(stack), query: stack.query.bind(stack) };
      const asAda = (text: string, variables: Record<string, unknown> = {}, headers = {}) =>
        query(text, variables, { ...bearer(), ...headers });
      const login = (body: object) => post('/auth/login', body);
      await Promise.all([
        login({ email: 'ada@acme.test', password: canary('wrong password') }),
        login({ email: `${canary('e-mail address')}@nowhere.test`, password: 'wrong' }),
        login({ username: canary('login'), password: DEMO_PASSWORD, tenant: canary('tenant at a sign-in') }),
        login({ challenge: canary('challenge'), totp: canary('second factor') }),
        post('/auth/login', `{"email": "${canary('JSON that is none, of a route')}"`),
        post('/auth/register', {
          email: `${canary('e-mail at a sign-up')}@nowhere.test`,
          password: canary('password at a sign-up'),
          displayName: canary("person's name"),
          tenant: { slug: canary('slug'), name: canary("tenant's name") },
        }),
        post('/auth/verify-email', { token: canary("link's token"), password: canary('password with a link') }),
        post('/auth/reset-password', { email: `${canary('e-mail at a reset')}@nowhere.test` }),
        post('/auth/refresh', { refreshToken: canary('refresh token') }),
        post('/auth/refresh', {}, { cookie: `refresh=${canary('cookie')}; device=${canary('device cookie')}` }),
        ...['GET', 'POST'].flatMap((method) =>
          [
            `/auth/verify-email/${canary("link's token in a path")}`,
            `/platformforge/artifacts/${canary('path of a product')}?token=${canary('query of a product')}`,
            `/${canary('path of nobody')}?token=${canary('query of nobody')}`,
            `/graphql?query=${canary('query of GraphQL')}&variables=%7B%22a%22:%22${canary('variables in a URL')}`,
          ].map((path) => fetch(stack.url + path, { method, headers: { 'apollo-require-preflight': '1' } })),
        ),
        ...[
          `Bearer ${canary('token')}`,
          `Bearer ${jwt(canary('claim'))}`,
          `Bearer ick_test_${canary('API key')}`,
          `Basic ${Buffer.from(`ada:${canary('basic')}`).toString('base64')}`,
          `${canary('scheme')} ${canary('credential of a scheme')}`,
        ].map((authorization) => query('{ __typename }', {}, { authorization })),
        asAda('mutation ($text: String!) { createNote(input: { text: $text }) { text } }', {
          text: canary('variable'),
        }),
        asAda('mutation ($text: String!) { createNote(input: { text: $text }) { text } }', {
          text: `${canary('text that no database takes')}\u0000`,
        }),
        asAda('query ($id: ID!) { note(id: $id) { id } }', {
          id: { [canary('key of a variable')]: canary('unfit variable') },
        }),
        asAda(`{ ${canary('response key')}: note(id: "${canary('literal')}") { id } } # ${canary('comment')}`),
        asAda(`{ ${canary('field')} }`),
        asAda(`{ note(id: "${canary('document that does not parse')}" `),
        asAda(
          `query ${canary('operation name')} { viewer { user { id } } }`,
          {},
          {
            'apollographql-client-name': canary('client name'),
            'apollographql-client-version': canary('client version'),
            'x-request-id': canary('x-request-id'),
            tracestate: `vendor=${canary('tracestate')}`,
            'x-anything': canary('header'),
            'x-forwarded-for': canary('address'),
            origin: `https://${canary('origin')}.test`,
            accept: `application/json, text/${canary('accept')}`,
          },
        ),
        asAda(
          '{ __typename }',
          {},
          { traceparent: `00-${canary('traceparent')}`, 'x-request-id': `${canary('absurd id')} ?` },
        ),
        post(
          '/graphql',
          { operationName: canary('operation that is not there'), query: 'query A { __typename }' },
          bearer(),
        ),
        post('/graphql', `{"query": "${canary('JSON that is none')}`, bearer()),
        post('/graphql', { extensions: { persistedQuery: { version: 1, sha256Hash: canary('hash') } } }, bearer()),
        post('/graphql', { documentId: canary('document id') }, bearer()),
        post('/graphql', { query: '{ __typename }' }, { ...bearer(), 'content-type': `text/${canary('media type')}` }),
        root.query('mutation ($input: RunJobInput!) { runJob(input: $input) { id } }', {
          input: { name: 'starter.count-words', payload: { noteId: canary('payload that does not fit') } },
        }),
        overSocket(
          [
            { query: `{ note(id: "${canary('literal over a socket')}") { id } }` },
            {
              query: 'query ($id: ID!) { note(id: $id) { id } }',
              variables: { id: [canary('variable over a socket')] },
            },
          ],
          {},
          bearer(),
        ),
        overSocket([], {}, { authorization: `Bearer ${canary('token over a socket')}` }),
      ]);
      // As a product enqueued it before its payload became another.
      const job = randomUUID();
      const payload = { noteId: canary('payload of a job that fails'), [canary('key of its payload')]: 1 };
      await stack.sql(
        `select jobs.insert_jobs(jsonb_build_array($1::jsonb || jsonb_build_object('tenantId', id)))
         from identity.tenants where slug = 'acme'`,
        JSON.stringify({ id: job, name: 'starter.count-words', payload, correlationId: job }),
      );
      await until('it has failed', () =>
        Promise.resolve(allLines().some(({ id, msg }) => id === job && /^a job failed/.test(String(msg)))),
      );
      const [refresh, note] = [ada.refreshToken, 'now the last one'];
      const traceId = newTrace();
      await asAda(
        'mutation ($note: String!) { createNote(input: { text: $note }) { id } }',
        { note },
        {
          traceparent: traceparent(traceId),
        },
      );
      await line(traceId, { msg: 'a job ran' }); // whatever came before is written

      const found: string[] = [];
      for (const [place, text] of await everythingToldOf()) {
        for (const [word, what] of canaries)
          if (!isMeant(what, place) && text.includes(word))
            found.push(`${what}, in the ${place}: ${text.slice(Math.max(0, text.indexOf(word) - 300)).slice(0, 400)}`);
        for (const secret of [DEMO_PASSWORD, ada.accessToken, refresh, note])
          if (text.includes(secret)) found.push(`${secret}, in the ${place}`);
      }
      expect(found).toEqual([]);
      const ofPeople = allLines()
        .map((one) => JSON.stringify(one))
        .filter((one) => /@(?:acme|globex|platform|nowhere)\.test/.test(one));
      expect(ofPeople).toEqual([]);
      for (const [word, what] of canaries)
        if (MEANT[what])
          expect([what, stack.processes.some(({ output }) => output().includes(word))]).toEqual([what, true]);
    });
  });

  describe('Security events', () => {
    it('are written to a file of their own, which its owner alone may read, and no longer to the log', async () => {
      await stack.query('{ __typename }', {}, { authorization: 'Bearer nonsense' });
      const events = async () => linesIn(await readFile(securityLog(), 'utf8'));
      await until('it was written', async () =>
        (await events()).some(({ event, reason }) => event === 'credential refused' && reason === 'malformed'),
      );
      for (const event of await events()) expect(event).toMatchObject({ security: true, part: expect.any(String) });
      expect(allLines().filter(({ security }) => security)).toEqual([]);
      expect((await stat(securityLog())).mode & 0o777).toBe(0o600);
    });

    it('go on in a new file of that name after SIGHUP, which ends no process', async () => {
      await rename(securityLog(), `${securityLog()}.1`);
      for (const { child } of stack.processes) child.kill('SIGHUP');
      const isThere = () => stat(securityLog()).then(Boolean, () => false);
      await until('there is a new file', isThere);
      await until('events are written there', async () => {
        await stack.query('{ __typename }', {}, { authorization: 'Bearer nonsense' });
        return (await readFile(securityLog(), 'utf8')).includes('credential refused');
      });
      expect((await fetch(`${stack.url}/ready`)).status).toBe(200);
    });
  });
}
