import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { getIntrospectionQuery } from 'graphql';
import { DEFAULT_LIMITS } from '../limits/limits-settings.js';
import { ADA } from '../test-support/test-identity.js';
import { testGateway, type TestGateway } from '../test-support/test-gateway.js';

let gateway: TestGateway;
beforeAll(async () => {
  // What nests deep here is one field in itself.
  gateway = await testGateway({ limits: { ...DEFAULT_LIMITS, recursion: 25 } });
});
afterAll(() => gateway.close());

const post = async (body: string | Uint8Array, headers: Record<string, string> = {}) => {
  const response = await gateway.get('/graphql', {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
  return {
    status: response.status,
    body: (await response.json()) as {
      data?: unknown;
      errors?: { message: string; extensions: { code: string; field?: string } }[];
    },
  };
};
const refusal = (status: number, code: string, message: unknown = expect.any(String)) => ({
  status,
  body: { errors: [expect.objectContaining({ message, extensions: expect.objectContaining({ code }) })] },
});
const operation = (query: string, variables?: object, more: object = {}) =>
  JSON.stringify({ query, variables, ...more });

describe('A GraphQL request', () => {
  it('is answered for its caller, in his tenant, with a request id', async () => {
    const answer = await gateway.query('{ context viewer { email notes { text } } }', {
      token: gateway.identity.accessToken(),
      headers: { 'x-request-id': 'mine-1' },
    });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      data: { context: expect.any(String), viewer: { email: 'ada@acme.test', notes: [{ text: 'one' }] } },
    });
    expect(JSON.parse(answer.body.data.context)).toEqual({
      tenant: ADA.tid,
      caller: { kind: 'member', userId: ADA.sub },
      requestId: 'mine-1',
      frozen: true,
    });
    expect(answer.headers.get('x-request-id')).toBe('mine-1');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('is called by its trace id when its own id is absurd', async () => {
    const { headers } = await gateway.query('{ open }', { headers: { 'x-request-id': 'a b\t'.repeat(100) } });
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f]{32}$/);
  });

  it('of nobody gets what is open and UNAUTHENTICATED for the rest, with 200', async () => {
    expect(await post(operation('{ open viewer { email } }'))).toEqual({
      status: 200,
      body: {
        data: { open: 'everybody', viewer: null },
        errors: [
          { message: 'Sign in first.', path: ['viewer'], extensions: { code: 'UNAUTHENTICATED', service: 'accounts' } },
        ],
      },
    });
  });

  it('is not changed by a context token of the client’s own', async () => {
    const forged = { 'x-inevitable-context': gateway.identity.accessToken(), 'x-inevitable-deadline-ms': '1' };
    expect(JSON.parse((await gateway.query('{ context }', { headers: forged })).body.data.context)).toMatchObject({
      caller: { kind: 'anonymous' },
    });
    const { body } = await gateway.query('{ context }', { headers: forged, token: gateway.identity.accessToken() });
    expect(JSON.parse(body.data.context)).toMatchObject({ tenant: ADA.tid });
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer x',
    'Basic YTpi',
    'Bearer a.b.c',
    'Bearer a b',
    'x',
    'Bearer ' + 'a'.repeat(9_000) + '.b.c',
  ])('with the credential %j is 401', async (authorization) => {
    const response = await gateway.get('/graphql', {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: operation('{ open }'),
    });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer error="invalid_token"');
    expect(await response.json()).toEqual({
      errors: [{ message: 'The access token is not valid. Sign in again.', extensions: { code: 'UNAUTHENTICATED' } }],
    });
  });

  it.each([[['']], [['Bearer a.b.c', 'Bearer a.b.c']]])(
    'with Authorization headers %j is 401',
    async (authorization) => {
      const status = await new Promise((resolve, reject) => {
        const request = httpRequest(
          `${gateway.url}/graphql?query={open}`,
          (response) => (response.resume(), resolve(response.statusCode)),
        );
        request.setHeader('authorization', authorization);
        request.on('error', reject).end();
      });
      expect(status).toBe(401);
    },
  );

  it('that is malformed in any way is never 500', async () => {
    const value = fc.oneof(
      fc.json(),
      fc.string(),
      fc.constantFrom('{', '[]', 'null', '{"query":"{open}","variables":[]}'),
    );
    const name = fc.oneof(
      fc.constantFrom('authorization', 'accept', 'content-type', 'x-request-id', 'traceparent', 'sec-fetch-site'),
      fc.stringMatching(/^[a-z][a-z-]{0,20}[a-z]$/),
    );
    const reserved =
      /^(connection|content-length|host|upgrade|te|trailer|expect|keep-alive|transfer-encoding|proxy-.*)$/;
    const headers = fc.dictionary(
      name.filter((one) => !reserved.test(one)),
      fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,60}[\x21-\x7e])?$/),
      { maxKeys: 4, noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(value, headers, async (body, extra) => {
        const answer = await post(body, extra);
        expect(answer.status).toBeLessThan(500);
        expect(answer.body.errors ?? answer.body.data).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});

describe('A request that cannot be run says why', () => {
  it.each([
    ['a broken body', '{ "query": ', refusal(400, 'BAD_USER_INPUT', 'The request body is not valid JSON.')],
    ['an empty body', '', refusal(400, 'BAD_USER_INPUT')],
    ['a batch', '[{"query":"{open}"}]', refusal(400, 'BAD_USER_INPUT', expect.stringContaining('one operation'))],
    ['a body that is no object', '5', refusal(400, 'BAD_USER_INPUT')],
    [
      'variables that are a list',
      operation('{ open }', []),
      refusal(400, 'BAD_USER_INPUT', '"variables" must be a JSON object.'),
    ],
    [
      'a document that is not GraphQL',
      operation('{ open'),
      refusal(400, 'GRAPHQL_PARSE_FAILED', expect.stringContaining('Syntax Error')),
    ],
    ['an empty document', operation(''), refusal(400, 'GRAPHQL_PARSE_FAILED')],
    [
      'an unknown field',
      operation('{ opn }'),
      refusal(400, 'GRAPHQL_VALIDATION_FAILED', expect.stringContaining('"opn"')),
    ],
    ['a fragment only', operation('fragment f on Query { open }'), refusal(400, 'GRAPHQL_VALIDATION_FAILED')],
    [
      'an unknown operation name',
      operation('query a { open }', {}, { operationName: 'b' }),
      refusal(400, 'BAD_USER_INPUT', 'The document holds no operation named "b".'),
    ],
    ['several operations and no name', operation('query a { open } query b { open }'), refusal(400, 'BAD_USER_INPUT')],
  ])('%s', async (_what, body, expected) => {
    expect(await post(body)).toEqual(expected);
  });

  it.each<[string, object, string]>([
    ['a missing variable', {}, 'input'],
    ['a null one', { input: null }, 'input'],
    ['a missing field', { input: {} }, 'input'],
    ['a field of the wrong type', { input: { by: 'x' } }, 'input.by'],
    ['an unknown field', { input: { by: 1, bye: 2 } }, 'input'],
    ['an element of the wrong type', { input: { by: 1, labels: ['a', 5] } }, 'input.labels.1'],
  ])('%s, with the path in the variables', async (_what, variables, field) => {
    const { status, body } = await post(
      operation('mutation ($input: CountInput!) { count(input: $input) }', variables),
    );
    expect([status, body.errors![0]!.extensions]).toEqual([400, { code: 'BAD_USER_INPUT', field }]);
  });

  it('without repeating a megabyte of what was sent', async () => {
    const { status, body } = await post(
      operation('mutation ($input: CountInput!) { count(input: $input) }', { input: { by: 'x'.repeat(500_000) } }),
    );
    expect([status, body.errors![0]!.message.length < 400]).toEqual([400, true]);
  });

  it('with 200 to a client that accepts application/json alone, and 400 to every other', async () => {
    const status = async (accept: string) => (await post(operation('{ nope }'), { accept })).status;
    expect(
      await Promise.all(
        ['application/json', '*/*', 'application/json, */*', 'application/graphql-response+json'].map(status),
      ),
    ).toEqual([200, 400, 400, 400]);
  });

  it('with 406 to one that accepts nothing we write', async () => {
    expect(await post(operation('{ open }'), { accept: 'text/html' })).toEqual(refusal(406, 'BAD_USER_INPUT'));
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/json; charset=latin1',
    'nonsense',
  ])('when it is sent as %s, which a page may do without preflight or we cannot read', async (type) => {
    expect(await post(operation('{ open }'), { 'content-type': type })).toEqual(refusal(415, 'BAD_USER_INPUT'));
  });

  it('when it is not UTF-8, or compressed', async () => {
    expect(await post(Buffer.from([0x7b, 0xff, 0x7d]))).toEqual(
      refusal(400, 'BAD_USER_INPUT', 'The request body is not UTF-8.'),
    );
    expect(await post('{}', { 'content-encoding': 'gzip' })).toEqual(refusal(415, 'BAD_USER_INPUT'));
  });

  it('when its body is larger than a mebibyte, however large', async () => {
    for (const size of [1_048_577, 10_000_000])
      expect(await post(operation('x'.repeat(size)))).toEqual(refusal(413, 'BAD_USER_INPUT'));
    expect((await post(operation(`{ open } # ${'x'.repeat(1_000_000)}`))).status).toBe(200);
  });

  it('when it nests fields deeper, or asks for more of them at its root, than any client does', async () => {
    const nested = (depth: number) =>
      operation('{ node ' + '{ friend '.repeat(depth - 2) + '{ id }' + ' }'.repeat(depth - 1));
    const aliases = (count: number) =>
      operation(`{ ${Array.from({ length: count }, (_, at) => `a${at}: open`).join(' ')} }`);
    expect(await post(nested(26))).toEqual(
      refusal(400, 'GRAPHQL_VALIDATION_FAILED', 'The document nests fields 26 deep; 25 is the limit.'),
    );
    expect(await post(aliases(51))).toEqual(
      refusal(
        400,
        'GRAPHQL_VALIDATION_FAILED',
        'An operation asks for 51 root fields, aliases included; 50 is the limit.',
      ),
    );
    const tools = getIntrospectionQuery({ specifiedByUrl: true, inputValueDeprecation: true });
    for (const allowed of [nested(25), aliases(50), operation(tools)])
      expect((await post(allowed)).body).toEqual({ data: expect.anything() });
  });

  it('when its document is absurdly long or deep', async () => {
    for (const query of [
      '{' + ' open'.repeat(5_001) + '}',
      '{ a'.repeat(3_000),
      `{ echo(value: ${'['.repeat(4_000)}`,
      `{ echo(value: ${'['.repeat(2_000)}${']'.repeat(2_000)}) }`,
    ]) {
      const { status, body } = await post(operation(query));
      expect([400, 200]).toContain(status);
      if (status === 200) expect(body.data).toBeDefined();
    }
  });
});

describe('GET', () => {
  const get = async (query: string, headers: Record<string, string> = {}) => {
    const response = await gateway.get(`/graphql?${query}`, { headers });
    return { status: response.status, body: await response.json() };
  };
  const open = 'query=' + encodeURIComponent('{ open }');

  it('runs queries', async () => {
    const query =
      'query=' +
      encodeURIComponent('query a($how: String!) { open fails(how: $how) }') +
      '&variables=' +
      encodeURIComponent('{"how":"signin"}') +
      '&operationName=a';
    expect(await get(query)).toMatchObject({ status: 200, body: { data: { open: 'everybody', fails: null } } });
  });

  it('never runs a mutation', async () => {
    const mutation = 'query=' + encodeURIComponent('mutation { count(input: { by: 1 }) }');
    expect(await get(mutation, { 'apollo-require-preflight': '1' })).toEqual(
      refusal(405, 'BAD_USER_INPUT', 'Send mutations with POST.'),
    );
    expect(
      await get(
        'query=' + encodeURIComponent('query q { open } mutation m { count(input: { by: 1 }) }') + '&operationName=m',
      ),
    ).toMatchObject({ status: 405 });
  });

  it('is refused when a browser says another site sent it without preflight', async () => {
    expect(await get(open, { 'sec-fetch-site': 'cross-site' })).toEqual(refusal(403, 'BAD_USER_INPUT'));
    expect(await get(open, { 'sec-fetch-site': 'same-origin' })).toMatchObject({ status: 200 });
    expect(await get(open, { 'sec-fetch-site': 'cross-site', 'apollo-require-preflight': '1' })).toMatchObject({
      status: 200,
    });
  });

  it.each([
    '',
    'query=',
    'query={open}&query={open}',
    'query={open}&variables={',
    'query={open}&variables=[]',
    'query={open}&extensions=5',
  ])('with %j is 400', async (query) => {
    expect(await get(query)).toMatchObject({ status: 400 });
  });
});

describe('Other methods', () => {
  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS'])('such as %s are 405', async (method) => {
    const response = await gateway.get('/graphql', { method });
    expect([response.status, response.headers.get('allow'), await response.json()]).toEqual([
      405,
      'GET, POST',
      { errors: [{ message: 'Use GET or POST.', extensions: { code: 'BAD_USER_INPUT' } }] },
    ]);
  });
});

describe('What leaves the gateway', () => {
  it('holds no stack, path or secret of ours, and the log holds no token, variable or body', async () => {
    const token = gateway.identity.accessToken();
    const { body } = await gateway.query(
      'query ($how: String!) { crash: fails(how: "crash") coded: fails(how: "coded") other: fails(how: $how) }',
      { token, variables: { how: 'private-variable' } },
    );
    expect(JSON.stringify(body)).not.toMatch(/stack|hunter2|node_modules|\.ts|secret/);
    const log = gateway.logged.join('\n');
    expect(log).toContain('hunter2'); // the operator's copy
    expect(log).not.toContain(token);
    expect(log).not.toContain('private-variable');
  });
});
