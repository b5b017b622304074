import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Session, TestStack } from '../support/test-stack.js';

export function describeBadInput(running: () => TestStack): void {
  let stack: TestStack;
  let ada: Session;
  beforeAll(async () => {
    stack = running();
    ada = await stack.signIn('ada@acme.test');
  });

  const authorized = () => ({ authorization: `Bearer ${ada.accessToken}` });
  const CREATE = 'mutation ($input: CreateNoteInput!) { createNote(input: $input) { id } }';

  describe('Bad input to /graphql', () => {
    it.each([
      ['an empty text', { text: '' }],
      ['a text of 100,000 characters', { text: 'x'.repeat(100_000) }],
      ['a text with a NUL', { text: 'a\0b' }],
    ])('%s is BAD_USER_INPUT naming the field', async (_what, input) => {
      const { status, body } = await ada.query(CREATE, { input });
      expect(status).toBe(200);
      expect(body).toMatchObject({
        data: { createNote: null },
        errors: [{ extensions: { code: 'BAD_USER_INPUT', field: 'input.text' } }],
      });
    });

    it.each([
      ['an unknown field of an input', { query: CREATE, variables: { input: { text: 'x', colour: 'red' } } }, /colour/],
      ['a missing field of an input', { query: CREATE, variables: { input: {} } }, /text/],
      ['a number for a text', { query: CREATE, variables: { input: { text: 7 } } }, /input\.text/],
      ['a missing variable', { query: CREATE }, /\$input/],
      ['an unknown field', { query: '{ viewer { userr { id } } }' }, /userr/],
      ['an unknown argument', { query: '{ note(id: "x", colour: "red") { id } }' }, /colour/],
      ['a document that is not GraphQL', { query: '{ viewer { ' }, /Syntax Error/],
      [
        'fields nested 300 deep',
        { query: `{ viewer { tenant { ${'notes { nodes { createdBy { '.repeat(100)}id${' } } }'.repeat(100)} } } }` },
        /deep/,
      ],
      ['an empty document', { query: '' }, /Syntax Error/],
      ['a query that is no text', { query: 7 }, /query/],
      ['variables that are a list', { query: '{ __typename }', variables: [] }, /variables/],
      ['an operation name that is not there', { query: 'query A { __typename }', operationName: 'B' }, /B/],
      ['broken JSON', '{"query": ', /JSON/],
      ['JSON that is a list', '[]', /./],
      ['nothing', '', /./],
    ])('%s is answered with 4xx in words that name it', async (_what, body, named) => {
      const answer = await stack.post('/graphql', body, authorized());
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      expect(answer.body.errors![0]!.message).toMatch(named);
      expect(answer.body.errors![0]!.extensions['code']).toMatch(
        /^(BAD_USER_INPUT|GRAPHQL_PARSE_FAILED|GRAPHQL_VALIDATION_FAILED)$/,
      );
      expect(answer.text).not.toMatch(/node_modules|\bat .*:\d+:\d+/);
    });

    it('a body of 10 MB is 413', async () => {
      const { status, body } = await stack.post(
        '/graphql',
        { query: `# ${'x'.repeat(10_000_000)}\n{ __typename }` },
        authorized(),
      );
      expect(status).toBe(413);
      expect(body.errors![0]!.extensions['code']).toBe('BAD_USER_INPUT');
    });

    it('a form is refused: a browser could send it from any page', async () => {
      const response = await fetch(`${stack.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: 'query=%7B__typename%7D',
      });
      expect(response.status).toBe(415);
    });
  });

  describe('Bad input to /auth/login', () => {
    it.each([
      ['broken JSON', '{"email": ', /JSON/],
      ['nothing', '', /./],
      ['no password', { email: 'ada@acme.test' }, /password/],
      ['a password that is a number', { email: 'ada@acme.test', password: 7 }, /password/],
      ['neither e-mail nor user name', { password: 'x' }, /email|username/],
      ['an unknown field', { email: 'ada@acme.test', password: 'x', colour: 'red' }, /colour/],
      ['a body of 10 MB', { email: 'ada@acme.test', password: 'x'.repeat(10_000_000) }, /./],
    ])('%s is 4xx in words that name it', async (_what, body, named) => {
      const answer = await stack.post('/auth/login', body);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.status).toBeLessThan(500);
      const { error } = JSON.parse(answer.text) as { error: { code: string; message: string } };
      expect(error.message).toMatch(named);
      expect(error.code).toBe('BAD_USER_INPUT');
    });

    it('a password over 4 KiB is refused for its length, not as a wrong one', async () => {
      const { status, text } = await stack.post('/auth/login', {
        email: 'ada@acme.test',
        password: 'x'.repeat(5_000),
      });
      expect(status).toBe(400);
      expect(JSON.parse(text)).toMatchObject({
        error: { code: 'BAD_USER_INPUT', message: expect.stringContaining('4096 bytes') },
      });
    });
  });
}
