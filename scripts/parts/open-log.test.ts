import { describe, expect, it } from '@jest/globals';
import { openLog } from './open-log.js';

/** The `err` of the line. */
function logged(thrown: unknown): Record<string, unknown> {
  let line = '';
  openLog('info', { part: 'worker' }, { write: (text) => (line += text) }).warn({ err: thrown }, 'it failed');
  expect(line).not.toContain('geheim');
  const { part, msg, err } = JSON.parse(line) as Record<string, unknown>;
  expect([part, msg]).toEqual(['worker', 'it failed']);
  return err as Record<string, unknown>;
}

/** As drivers throw them: with the rows or documents that were not written. */
const ofADriver = () =>
  Object.assign(new Error('the disk is full'), {
    code: 'DISK_FULL',
    detail: 'Key (text)=(geheim)',
    writeErrors: [{ op: { payload: 'geheim' } }],
  });

describe('An error in the log', () => {
  it('says what it is, and nothing that was put on it', () => {
    expect(logged(ofADriver())).toEqual({
      type: 'Error',
      message: 'the disk is full',
      code: 'DISK_FULL',
      stack: expect.stringContaining('open-log.test'),
    });
  });

  it('says what caused it', () => {
    const { message, stack } = logged(new TypeError('a job was not kept', { cause: ofADriver() }));
    expect([message, stack]).toEqual([
      'a job was not kept: the disk is full',
      expect.stringMatching(/^TypeError: a job was not kept[^]*caused by: Error: the disk is full/),
    ]);
  });

  it('says each of several', () => {
    expect(logged(new AggregateError([ofADriver(), 'no error'], 'both failed'))).toMatchObject({
      type: 'AggregateError',
      aggregateErrors: [{ message: 'the disk is full' }, { type: 'string', message: 'no error' }],
    });
  });

  it.each([[{ secret: 'geheim' }], [['geheim']], [Object.create(null)], [null]])(
    'tells only the kind of an object that was thrown and is no error: %j',
    (thrown: unknown) => {
      expect(logged(thrown)).toEqual({ type: 'object', message: expect.stringMatching(/^\[object \w+\]$/) });
    },
  );
});

describe('What libraries and servers repeat of what they were given', () => {
  it.each([
    ['invalid input syntax for type uuid: "geheim"', 'invalid input syntax for type uuid: "…"'],
    ['invalid input value for enum status: "geheim"', 'invalid input value for enum status: "…"'],
    ['value "123geheim" is out of range for type integer', 'value "…" is out of range for type integer'],
    ['date/time field value out of range: "geheim"', 'date/time field value out of range: "…"'],
    ['Message: `invalid input syntax for type uuid: "geheim"`', 'Message: `invalid input syntax for type uuid: "…"`'],
    ['Key (email)=(geheim@acme.test) already exists.', 'Key (email)=(…) already exists.'],
    [`Unexpected token 'g', "geheim "x"" is not valid JSON`, `Unexpected token 'g', "…" is not valid JSON`],
    [`Unexpected token 'g', ..."a":"geheim"... is not valid JSON`, `Unexpected token 'g', "…" is not valid JSON`],
    [
      'Invalid `db.note.create()` invocation in\n/a/b.ts:3:4\n\n{\n  data: {\n    text: "geheim"\n  }\n}\n\nArgument `id`: Invalid value.',
      'Invalid `db.note.create()` invocation in\nArgument `id`: Invalid value.',
    ],
    [`starter said "no": "geheim" is not valid JSON`, `starter said "no": "…" is not valid JSON`],
    [`invalid input syntax for type uuid: "geheim${'x'.repeat(20_000)}"`, 'invalid input syntax for type uuid: "…"'],
    ['connect ECONNREFUSED redis://me:geheim@redis:6379', 'connect ECONNREFUSED redis://…@redis:6379'],
    ['550 <geheim@acme.test>: no such person', '550 <…@…>: no such person'],
    ['refused eyJhbGciOiJFUzI1NiJ9.eyJnZWhlaW0iOjF9.geheim at last', 'refused … at last'],
    ['refused ick_test_0123456789geheim', 'refused …'],
    ['duplicate key value violates unique constraint "users_email"', null],
    ['at Object.<anonymous> (/srv/node_modules/@inevitable/kit/dist/a.js:3:4)', null],
    ['Subgraph "starter" did not answer.', null],
  ])('is not in the log: %j', (said, told) => {
    const { message, stack } = logged(new TypeError('it failed', { cause: new Error(said) }));
    expect(message).toBe(`it failed: ${told ?? said}`);
    expect(stack).toContain(`caused by: Error: ${told ?? said}`);
  });

  it('is a megabyte only as far as it begins', () => {
    expect(String(logged(new Error('long'.repeat(250_000)))['message']).length).toBeLessThan(20_000);
  });
});

describe('What is called like a secret, or like a person', () => {
  const line = (facts: object): unknown => {
    let text = '';
    openLog('info', {}, { write: (written) => (text += written) }).info(facts, 'it was');
    const members = Object.entries(JSON.parse(text) as object);
    return Object.fromEntries(members.filter(([name]) => !['level', 'time', 'msg'].includes(name)));
  };

  it('is hidden wherever code of a product writes it, whatever it is', () => {
    const at = new Date(0);
    expect(
      line({
        password: 'geheim',
        headers: { Authorization: 'geheim', cookie: ['geheim'], accept: 'json' },
        people: [{ displayName: 'geheim', id: 7 }],
        a: { b: { refreshToken: { value: 'geheim' }, at } },
      }),
    ).toEqual({
      password: '[hidden]',
      headers: { Authorization: '[hidden]', cookie: '[hidden]', accept: 'json' },
      people: [{ displayName: '[hidden]', id: 7 }],
      a: { b: { refreshToken: '[hidden]', at: at.toISOString() } },
    });
  });

  it('is hidden in no number, of which there are tokens, and nothing is changed that is none', () => {
    const facts = { tokens: 12, credential: 'api-key', err: undefined, names: ['a'], tenant: null };
    expect(line(facts)).toEqual({ tokens: 12, credential: 'api-key', names: ['a'], tenant: null });
  });

  it('is not looked for without end', () => {
    const circle: Record<string, unknown> = { id: 1 };
    circle['self'] = circle;
    expect(JSON.stringify(line(circle))).toContain('[too deep]');
  });
});
