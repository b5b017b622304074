import { gzipSync } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { pack, type Headers } from 'tar-stream';
import {
  archiveOf,
  greeting,
  templateNamed,
  testPlatformForge,
  type TestPlatformForge,
} from './testing/test-platform-forge.js';

let forge: TestPlatformForge;
beforeAll(async () => {
  forge = await testPlatformForge();
});
afterAll(() => forge.close());

const LIST = '{ platformTemplates { name title description version origin parameters } }';
const REMOVE = `mutation ($name: String!) { deletePlatformTemplate(input: { name: $name }) { name title origin } }`;
interface SeenTemplate {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly origin: string;
}
const ownOf = async (tenant: string): Promise<SeenTemplate[]> => {
  const { data } = await forge.as({ tenant }).query(LIST);
  return (data as { platformTemplates: SeenTemplate[] }).platformTemplates.filter(({ origin }) => origin === 'TENANT');
};
const send = (tenant: string, body: Uint8Array<ArrayBuffer>): Promise<Response> =>
  forge.as({ tenant, user: 'ada' }).fetch('/platformforge/templates', { method: 'POST', body });
const answerOf = async (answer: Response) => ({ status: answer.status, body: (await answer.json()) as object });

/** An archive with these entries, however hostile, beside a template that is good. */
async function hostile(
  ...entries: readonly (Headers & { readonly content?: string })[]
): Promise<Uint8Array<ArrayBuffer>> {
  const archive = pack();
  for (const [name, text] of Object.entries(greeting)) archive.entry({ name }, text);
  for (const { content, ...header } of entries) archive.entry(header, content ?? '');
  archive.finalize();
  return new Uint8Array(gzipSync(await buffer(archive)));
}

describe("A tenant's own template", () => {
  it('is listed after the stack’s own once it is uploaded, and platforms are generated from it', async () => {
    const answer = await answerOf(await forge.upload('acme', greeting));
    const known = {
      name: 'greeting',
      title: 'A greeting',
      description: 'Says hello.',
      version: expect.stringMatching(/^[0-9a-f]{12}$/),
      origin: 'TENANT',
      parameters: expect.objectContaining({ type: 'object' }),
    };
    expect(answer).toEqual({ status: 201, body: known });
    const { data } = await forge.as({ tenant: 'acme' }).query(LIST);
    const all = (data as { platformTemplates: SeenTemplate[] }).platformTemplates;
    expect(all.at(-1)).toEqual(answer.body);
    expect(all.slice(0, -1).every(({ origin }) => origin === 'STACK')).toBe(true);
    expect(await forge.generated('acme', { name: 'Made of it' })).toMatchObject({ status: 'READY' });
  });

  it('is nobody else’s', async () => {
    expect(await ownOf('globex')).toEqual([]);
    await expect(forge.generate('globex', { name: 'Mine?' })).rejects.toThrow(/There is no template/);
    const gus = forge.as({ tenant: 'globex' });
    const [theirs, unknown] = [
      await gus.query(REMOVE, { name: 'greeting' }),
      await gus.query(REMOVE, { name: 'nobody-knows' }),
    ];
    expect(JSON.stringify(theirs)).toBe(JSON.stringify(unknown));
    expect(unknown.errors![0]).toMatchObject({ message: 'No such template.', extensions: { code: 'NOT_FOUND' } });
    expect(await ownOf('acme')).toHaveLength(1);
  });

  it('takes the place of the one of its name, whose file goes', async () => {
    await forge.withTemplate('replacing', greeting);
    const [before] = await ownOf('replacing');
    const [key] = await forge.keysOf('replacing');
    const answer = await forge.upload('replacing', { ...greeting, 'files/extra.txt': 'new' });
    expect(answer.status).toBe(200);
    await forge.settled();
    const [after, ...others] = await ownOf('replacing');
    expect(others).toEqual([]);
    expect(after!.version).not.toBe(before!.version);
    const keys = await forge.keysOf('replacing');
    expect(keys).toHaveLength(1);
    expect(keys).not.toContain(key);
    expect(await forge.generated('replacing', { name: 'New' })).toMatchObject({ status: 'READY' });
  });

  it('has the same version wherever the same is uploaded', async () => {
    await forge.withTemplate('one', greeting);
    await forge.withTemplate('two', Object.fromEntries(Object.entries(greeting).reverse()));
    expect((await ownOf('one'))[0]!.version).toBe((await ownOf('two'))[0]!.version);
  });

  it('is deleted with its file; platforms made from it stay', async () => {
    await forge.withTemplate('leaving', greeting);
    const made = await forge.generated('leaving', { name: 'Stays' });
    const { data } = await forge.as({ tenant: 'leaving' }).query(REMOVE, { name: 'greeting' });
    expect(data).toEqual({ deletePlatformTemplate: { name: 'greeting', title: 'A greeting', origin: 'TENANT' } });
    await forge.settled();
    expect(await ownOf('leaving')).toEqual([]);
    expect(await forge.keysOf('leaving')).toEqual([expect.stringMatching(/^artifacts\//)]);
    expect(await forge.show('leaving', made.id)).toEqual(made);
  });

  it('cannot have the name of one of the stack’s own, and those cannot be deleted', async () => {
    expect(await answerOf(await forge.upload('named', templateNamed('worker')))).toEqual({
      status: 409,
      body: {
        error: { code: 'CONFLICT', message: '"worker" is a template of the stack\'s own: give yours another name.' },
      },
    });
    const { errors } = await forge.as({ tenant: 'named' }).query(REMOVE, { name: 'worker' });
    expect(errors![0]!.extensions).toEqual({ code: 'NOT_FOUND' });
    expect(await forge.keysOf('named')).toEqual([]);
  });

  it('is one of 100 at most, however many are uploaded at once', async () => {
    for (let count = 0; count < 98; count += 1) await forge.withTemplate('many', templateNamed(`number-${count}`));
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd', 'e'].map((name) => forge.upload('many', templateNamed(`at-once-${name}`))),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 201, 409, 409, 409]);
    expect(await ownOf('many')).toHaveLength(100);
    expect(await forge.keysOf('many')).toHaveLength(100);
    expect(await answerOf(await forge.upload('many', templateNamed('one-too-many')))).toEqual({
      status: 409,
      body: { error: { code: 'CONFLICT', message: 'A tenant has at most 100 templates: delete one first.' } },
    });
    // Replacing one is no other one.
    expect((await forge.upload('many', templateNamed('number-7', { 'files/x': 'x' }))).status).toBe(200);
  });

  it('cannot be called as the stack calls its internal ones, whether there is one or not', async () => {
    const [taken, free] = await Promise.all(
      ['internal-probe', 'internal-prob'].map(async (name) =>
        answerOf(await forge.upload('named', templateNamed(name))),
      ),
    );
    expect(taken).toEqual({
      status: 400,
      body: {
        error: {
          code: 'BAD_USER_INPUT',
          message: 'template.json: name: begins with "internal-", as only templates of the stack may.',
        },
      },
    });
    expect(free).toEqual(taken);
    expect(await forge.keysOf('named')).toEqual([]);
  });

  it('is one of five on their way at most: the others are told to come back, and no other tenant notices', async () => {
    const flood = Promise.all([...Array(60).keys()].map((n) => forge.upload('flooding', templateNamed(`number-${n}`))));
    const other = await forge.upload('beside', greeting);
    const answers = await flood;
    expect(other.status).toBe(201);
    const refused = answers.filter(({ status }) => status !== 201);
    expect(refused.length).toBeGreaterThan(0);
    expect(await answerOf(refused[0]!)).toEqual({
      status: 429,
      body: {
        error: {
          code: 'RATE_LIMITED',
          message: 'Other templates of this tenant are being uploaded right now. Try again in a moment.',
          retryAfterSeconds: 2,
        },
      },
    });
    expect(refused[0]!.headers.get('retry-after')).toBe('2');
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([429]));
    expect(await forge.keysOf('flooding')).toHaveLength(60 - refused.length);
  });

  it('is not kept for somebody who left before it was his turn', async () => {
    const leaving = new AbortController();
    const body = await archiveOf(greeting);
    const ada = forge.as({ tenant: 'leaving-early', user: 'ada' });
    const sent = [...Array(5)].map(() =>
      ada.fetch('/platformforge/templates', { method: 'POST', body, signal: leaving.signal }),
    );
    leaving.abort(new Error('The caller left.'));
    for (const { status } of await Promise.all(sent)) expect(status).toBe(500);
    expect(await forge.keysOf('leaving-early')).toEqual([]);
  });

  it('of a name that cannot be one is not there to be deleted', async () => {
    const { errors } = await forge.as({ tenant: 'named' }).query(REMOVE, { name: 'a\0' });
    expect(errors![0]).toMatchObject({
      message: 'must not contain the NUL character',
      extensions: { code: 'BAD_USER_INPUT', field: 'input.name' },
    });
  });

  it('needs the permission to write, and a person', async () => {
    const reader = forge.as({ tenant: 'allowed', may: ['platformforge:templates:read'] });
    const body = await archiveOf(greeting);
    const refused = await reader.fetch('/platformforge/templates', { method: 'POST', body });
    expect(refused.status).toBe(403);
    const nobody = await forge.anonymous().fetch('/platformforge/templates', { method: 'POST', body });
    expect(nobody.status).toBe(401);
    expect((await reader.query(REMOVE, { name: 'greeting' })).errors![0]!.extensions).toEqual({ code: 'FORBIDDEN' });
    expect(await forge.keysOf('allowed')).toEqual([]);
  });
});

describe('An archive that is hostile, or none', () => {
  it.each([
    ['climbs out of its folder', () => hostile({ name: 'files/../../../etc/cron.d/x', content: 'x' }), /\.\.|path/],
    ['is absolute', () => hostile({ name: '/etc/passwd', content: 'x' }), /etc\/passwd/],
    ['climbs with backslashes', () => hostile({ name: 'files/..\\..\\x', content: 'x' }), /files/],
    ['has a symbolic link', () => hostile({ name: 'files/x', type: 'symlink', linkname: '/etc/passwd' }), /plain file/],
    ['has a hard link', () => hostile({ name: 'files/x', type: 'link', linkname: '/etc/passwd' }), /plain file/],
    ['has a device', () => hostile({ name: 'files/x', type: 'character-device' }), /plain file/],
    ['has one file twice', () => hostile({ name: 'files/a' }, { name: 'files/a' }), /files\/a/],
    ['has two files one disk cannot tell apart', () => hostile({ name: 'files/a' }, { name: 'files/A' }), /files\/a/i],
    [
      'has too many files',
      () => hostile(...Array.from({ length: 501 }, (_, n) => ({ name: `files/${n}` }))),
      /500 files/,
    ],
    ['unpacks to far more than it is', async () => gzipSync(Buffer.alloc(200 * 1024 * 1024)), /8 MiB, unpacked/],
    ['is larger than it may be', async () => new Uint8Array(1024 * 1024 + 1), /more than 1 MiB/],
    ['is a zip', async () => Buffer.from('PK\x03\x04 and more'), /zip/],
    ['is cut off', async () => (await archiveOf(greeting)).subarray(0, 100), /damaged/],
    ['is empty', async () => new Uint8Array(), /gzip/],
    ['has no manifest', () => archiveOf({ 'files/a': 'x' }), /template\.json/],
    ['has a manifest that is no JSON', () => archiveOf({ 'template.json': '{', 'files/a': 'x' }), /template\.json/],
    [
      'wants to be internal',
      () => archiveOf({ ...greeting, 'template.json': greeting['template.json']!.replace('{', '{"internal":true,') }),
      /internal/,
    ],
    ...['\0', '\ud800', '\u202e', '\u001b'].map(
      (hidden) =>
        [
          `has ${JSON.stringify(hidden)} in its title`,
          () =>
            archiveOf({
              ...greeting,
              'template.json': greeting['template.json']!.replace('A greeting', JSON.stringify(hidden).slice(1, -1)),
            }),
          /^template\.json: title: must /,
        ] as const,
    ),
    [
      'has a pattern that may run for ever',
      () =>
        archiveOf({
          ...greeting,
          'template.json': greeting['template.json']!.replace('"default"', '"pattern":"(a+)+$","default"'),
        }),
      /pattern/,
    ],
  ])('%s is refused in words, and no file is left', async (_what, archive, words) => {
    const { status, body } = await answerOf(await send('hostile', new Uint8Array(await archive())));
    expect({ status, body }).toEqual({
      status: 400,
      body: { error: { code: 'BAD_USER_INPUT', message: expect.stringMatching(words) } },
    });
    expect(await forge.keysOf('hostile')).toEqual([]);
    expect(await ownOf('hostile')).toEqual([]);
  });

  it('that never ends is given up at its bound', async () => {
    let sent = 0;
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 65_536;
        controller.enqueue(new Uint8Array(65_536));
      },
    });
    const answer = await forge
      .as({ tenant: 'hostile', user: 'ada' })
      .fetch('/platformforge/templates', { method: 'POST', body: endless, duplex: 'half' } as RequestInit);
    expect(answer.status).toBe(400);
    expect(sent).toBeLessThan(2 * 1024 * 1024);
  });
});
