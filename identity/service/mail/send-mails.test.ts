import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { openIdentity, UnusableSetting, type Identity } from '../open-identity.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { openMailer, type Mailer } from './open-mailer.js';
import { queueMail } from './queue-mail.js';
import { sendMails } from './send-mails.js';

const FROM = 'Our Stack <stack@example.test>';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.rows('truncate mails');
});

/** A real SMTP server, which keeps what it takes; `refuses`: with which code it answers to which recipient. */
async function openMailServer({
  refuses = {},
  ...more
}: SMTPServerOptions & { refuses?: Record<string, number> } = {}) {
  const taken: { to: string[]; message: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    ...more,
    onRcptTo({ address }, _session, callback) {
      const code = refuses[address];
      callback(code ? Object.assign(new Error('not here'), { responseCode: code }) : null);
    },
    onData(stream, session, callback) {
      void text(stream).then((message) => {
        taken.push({ to: session.envelope.rcptTo.map(({ address }) => address), message });
        callback();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  return { taken, port, close: () => new Promise<void>((resolve) => server.close(resolve)) };
}

async function withServer<T>(
  options: Parameters<typeof openMailServer>[0],
  work: (server: Awaited<ReturnType<typeof openMailServer>>, mailer: Mailer) => Promise<T>,
): Promise<T> {
  const server = await openMailServer(options);
  const mailer = await openMailer({ url: `smtp://127.0.0.1:${server.port}`, from: FROM });
  try {
    return await work(server, mailer);
  } finally {
    mailer.close();
    await server.close();
  }
}

const queue = (recipient: string, subject = 'A subject') =>
  queueMail(test.flows.db.rows, test.flows.seal, { recipient, kind: 'a-kind', subject, text: 'Tsch\u00fc\u00df\n' });
const send = (mailer: Mailer, signal?: AbortSignal) => sendMails(test.flows, mailer, signal);
const stored = () =>
  test.rows('select recipient, attempts, sent_at is not null as sent, failure from mails order by id');

describe('A mail that is due', () => {
  it('is handed to the mail server once, with a Message-ID of its own, and is kept as sent', async () => {
    await withServer({}, async ({ taken }, mailer) => {
      await queue('ada@acme.test', 'Gr\u00fc\u00dfe');
      expect(await send(mailer)).toEqual({ sent: 1, failed: 0, refused: 0 });
      expect(await send(mailer)).toEqual({ sent: 0, failed: 0, refused: 0 });
      const [mail] = await test.mails('ada@acme.test');
      expect(mail).toMatchObject({ subject: 'Gr\u00fc\u00dfe', sentAt: expect.any(Date) });
      expect(taken.map(({ to }) => to)).toEqual([['ada@acme.test']]);
      const { message } = taken[0]!;
      expect(message).toMatch(new RegExp(`^Message-ID: <${mail!.id}@example.test>\r$`, 'm'));
      expect(message).toMatch(/^From: Our Stack <stack@example.test>\r$/m);
      expect(message).toMatch(/^To: ada@acme.test\r$/m);
      expect(message).toMatch(/^Auto-Submitted: auto-generated\r$/m);
      expect(message).toMatch(/Tsch=C3=BC=C3=9F/);
    });
  });

  it('is handed over once by several runs at once', async () => {
    await withServer({}, async ({ taken }, mailer) => {
      for (let n = 0; n < 6; n++) await queue(`many-${n}@acme.test`);
      const ends = await Promise.all([send(mailer), send(mailer), send(mailer)]);
      expect(ends.reduce((sum, { sent }) => sum + sent, 0)).toBe(6);
      expect(taken).toHaveLength(6);
    });
  });

  it('is handed over again under the same Message-ID by a run after one that was lost before it could note it', async () => {
    await withServer({}, async ({ taken }, mailer) => {
      await queue('ada@acme.test');
      const rows: typeof test.flows.db.rows = (statement, values) =>
        /set failure/.test(statement) ? Promise.reject(new Error('killed')) : test.flows.db.rows(statement, values);
      await expect(sendMails({ ...test.flows, db: { ...test.flows.db, rows } }, mailer)).rejects.toThrow('killed');
      expect(await send(mailer)).toEqual({ sent: 0, failed: 0, refused: 0 });
      await test.advance('61 seconds');
      expect(await send(mailer)).toMatchObject({ sent: 1 });
      const ids = taken.map(({ message }) => /^Message-ID: .*$/m.exec(message)![0]);
      expect(ids).toEqual([ids[0], ids[0]]);
    });
  });

  it('is tried again after a minute, two and four where the server will take it later, and not where it never will', async () => {
    const refuses = { 'later@acme.test': 450, 'never@acme.test': 550 };
    await withServer({ refuses }, async ({ taken }, mailer) => {
      for (const name of ['later', 'never', 'now']) await queue(`${name}@acme.test`);
      expect(await send(mailer)).toEqual({ sent: 1, failed: 1, refused: 1 });
      expect(await stored()).toEqual([
        { recipient: 'later@acme.test', attempts: 1, sent: false, failure: 'EENVELOPE 450' },
        { recipient: 'never@acme.test', attempts: 1, sent: false, failure: 'EENVELOPE 550' },
        { recipient: 'now@acme.test', attempts: 1, sent: true, failure: null },
      ]);
      for (const minutes of [1, 2, 4]) {
        await test.advance(`${minutes * 60 - 5} seconds`);
        expect(await send(mailer)).toEqual({ sent: 0, failed: 0, refused: 0 });
        await test.advance('6 seconds');
        expect(await send(mailer)).toEqual({ sent: 0, failed: 1, refused: 0 });
      }
      expect(taken).toHaveLength(1);
    });
  });

  it('waits while the server is gone, which is not asked for each of them, and is given up after three days', async () => {
    const server = await openMailServer();
    const mailer = await openMailer({ url: `smtp://127.0.0.1:${server.port}`, from: FROM });
    await server.close();
    await queue('first@acme.test');
    await queue('second@acme.test');
    expect(await send(mailer)).toEqual({ sent: 0, failed: 1, refused: 0 });
    expect(await stored()).toMatchObject([
      { attempts: 1, failure: 'ECONNREFUSED' },
      { attempts: 0, failure: null },
    ]);
    await test.advance('3 days');
    expect(await send(mailer)).toEqual({ sent: 0, failed: 0, refused: 0 });
    mailer.close();
  });

  it('is not sent to where a recipient looks like several, nor by a run that is stopped', async () => {
    await withServer({}, async ({ taken }, mailer) => {
      await queue('"a@evil.test, ada"@acme.test');
      await expect(send(mailer, AbortSignal.abort(new Error('the worker stops')))).rejects.toThrow('the worker stops');
      await send(mailer);
      expect(taken.flatMap(({ to }) => to).filter((address) => address === 'a@evil.test')).toEqual([]);
    });
  });

  it('that was sealed with another secret is given up, and holds up no other', async () => {
    await withServer({}, async ({ taken }, mailer) => {
      await queue('lost@acme.test');
      await test.rows(`update mails set sealed = 'sealed with another secret, long enough to be one'`);
      await queue('ada@acme.test');
      expect(await send(mailer)).toEqual({ sent: 1, failed: 0, refused: 1 });
      expect(taken).toHaveLength(1);
    });
  });
});

describe('A stack with a mail server', () => {
  it('sends what is due every minute, and one without has no such job', async () => {
    const server = await openMailServer();
    const smtp = { url: `smtp://127.0.0.1:${server.port}`, from: FROM };
    const identity = await openIdentity({ ...test.settings, smtp });
    await queue('ada@acme.test');
    const jobOf = ({ subgraph }: Identity) => subgraph.jobs!.find(({ name }) => name === 'identity.send-mail');
    const job = jobOf(identity)!;
    const logged: unknown[] = [];
    const run = () => job.run({ log: { info: (...line: unknown[]) => logged.push(line) } } as never);
    expect([job.schedule, job.scope]).toEqual([{ cron: '* * * * *' }, 'once']);
    await run();
    expect(await run()).toEqual({ skipped: 'no mail is due' });
    expect(logged).toEqual([['mails were handed over', { sent: 1, failed: 0, refused: 0 }]]);
    expect(jobOf(test.identity)).toBeUndefined();
    await identity.close();
    await server.close();
  });

  it('does not start while that server is down, talks another protocol or refuses the login; the password is not repeated', async () => {
    const start = (url: string) => openIdentity({ ...test.settings, smtp: { url, from: FROM } });
    const server = await openMailServer({
      authOptional: false,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => callback(new Error('a-secret is wrong')),
    });
    const sentence = (port: number, failure: string) =>
      new UnusableSetting(
        `SMTP_URL is set, and the mail server at 127.0.0.1:${port} cannot be used: ${failure}. Start it, correct SMTP_URL, or unset it.`,
      );
    await expect(start(`smtp://me:a-secret@127.0.0.1:${server.port}`)).rejects.toThrow(
      sentence(server.port, 'EAUTH 535'),
    );
    await server.close();
    await expect(start(`smtp://me:a-secret@127.0.0.1:${server.port}`)).rejects.toThrow(
      sentence(server.port, 'ECONNREFUSED'),
    );

    const http = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await new Promise((resolve) => http.once('listening', resolve));
    const { port } = http.address() as AddressInfo;
    await expect(start(`smtp://127.0.0.1:${port}`)).rejects.toThrow(/^SMTP_URL is set, and the mail server at/);
    await new Promise((resolve) => http.close(resolve));
  });

  it('shows mails to whoever develops, and to nobody in a customer’s deployment', async () => {
    await queue('ada@acme.test');
    expect(await test.identity.readMails(' ADA@acme.test')).toMatchObject([{ subject: 'A subject', sentAt: null }]);
    const customer = await openIdentity({ ...test.settings, deployment: 'customer' });
    await expect(customer.readMails('ada@acme.test')).rejects.toMatchObject({ code: 'FORBIDDEN' });
    await customer.close();
  });
});
