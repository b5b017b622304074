import { afterEach, expect, it } from '@jest/globals';
import type { StackEvent } from '@inevitable/contract';
import { natsBus } from '@inevitable/kit/host';
import { pino } from 'pino';
import { freePort } from '../support/free-port.js';
import { runStack, temporaryDirectory, TestStack, until, type Session, type StackMode } from '../support/test-stack.js';
import { describeWithNats, NatsServer } from './nats-server.js';

const log = pino({ level: 'silent' });
const CREATE_NOTE = 'mutation { createNote(input: { text: "two words" }) { id } }';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface ServerSentEvent {
  readonly id: string;
  readonly body: unknown;
}

/** Over SSE, in distinct connections mode, as a browser's client that knows which event it saw last. */
async function subscribe(stack: TestStack, { accessToken }: Session, query: string, lastEventId?: string) {
  const response = await fetch(`${stack.url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${accessToken}`,
      ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
    },
    body: JSON.stringify({ query }),
  });
  expect({ status: response.status, type: response.headers.get('content-type') }).toMatchObject({
    status: 200,
    type: expect.stringContaining('text/event-stream') as unknown,
  });
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  return {
    /** The next event; heart-beats are passed over. */
    async next(): Promise<ServerSentEvent> {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end === -1) {
          const { value, done } = await reader.read();
          if (done) throw new Error(`The stream ended: ${text}`);
          text += value;
          continue;
        }
        const fields = new Map(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => line.split(/: ?(.*)/s, 2) as [string, string]),
        );
        text = text.slice(end + 2);
        if (fields.get('event') === 'next') return { id: fields.get('id')!, body: JSON.parse(fields.get('data')!) };
      }
    },
    close: () => reader.cancel(),
  };
}

async function stackOnNats(mode: StackMode): Promise<{ server: NatsServer; stack: TestStack }> {
  const server = await NatsServer.start('--user', 'stack', '--pass', 'a-secret');
  closing.push(() => server.close());
  const NATS_URL = `nats://stack:a-secret@127.0.0.1:${server.port}`;
  const stack = await TestStack.start({ mode, settings: { NATS_URL } });
  closing.push(() => stack.close());
  return { server, stack };
}

describeWithNats('A stack with NATS_URL', () => {
  it.each<StackMode>(['one-process', 'apart'])(
    'tells a subscriber how a platform is getting on, until it is there: %s',
    async (mode) => {
      const { stack } = await stackOnNats(mode);
      const [ada, gus] = await Promise.all([stack.signIn('ada@acme.test'), stack.signIn('gus@globex.test')]);
      const changes = await subscribe(stack, ada, 'subscription { platformChanged { name status } }');
      const others = await subscribe(stack, gus, 'subscription { platformChanged { name status } }');
      const generate = (name: string) =>
        `mutation { generatePlatform(input: { name: "${name}", template: "static-site" }) { id } }`;
      await ada.query(generate('Of Acme'));
      await gus.query(generate('Of Globex'));
      const heard = async (stream: typeof changes): Promise<unknown> => {
        for (;;) {
          const { body } = await stream.next();
          const { platformChanged } = (body as { data: { platformChanged: { status: string } } }).data;
          if (platformChanged.status === 'READY') return platformChanged;
        }
      };
      expect(await heard(changes)).toEqual({ name: 'Of Acme', status: 'READY' });
      expect(await heard(others)).toEqual({ name: 'Of Globex', status: 'READY' });
      await Promise.all([changes.close(), others.close()]);
    },
  );

  it.each<StackMode>(['one-process', 'apart'])('publishes to NATS what its outboxes hold: %s', async (mode) => {
    const { server, stack } = await stackOnNats(mode);
    const bus = await natsBus(`nats://stack:a-secret@127.0.0.1:${server.port}`, { log });
    closing.push(() => bus.close());
    const heard: StackEvent[] = [];
    bus.subscribe('starter.note.changed.v1', (event) => void heard.push(event));
    const ada = await stack.signIn('ada@acme.test');
    const { body } = await ada.query(CREATE_NOTE);
    await until('both changes are heard', async () => heard.length === 2);
    const { id } = body.data!['createNote'] as { id: string };
    expect(heard.map(({ aggregate }) => aggregate)).toEqual([id, id]);
  });

  it('leads a client on that reconnects after the process that served it was replaced', async () => {
    const { stack } = await stackOnNats('apart');
    const ada = await stack.signIn('ada@acme.test');
    const changed = 'subscription { noteChanged { text wordCount } }';
    const before = await subscribe(stack, ada, changed);
    await ada.query(CREATE_NOTE);
    const written = await before.next();
    expect(written.body).toMatchObject({ data: { noteChanged: { text: 'two words' } } });

    await before.close();
    const old = stack.processOf('start subgraph starter');
    old.child.kill('SIGTERM');
    await old.ended;
    await until('the words are counted', async () =>
      Boolean((await stack.sql('select from starter.notes where word_count = 2')).length),
    );
    const { port } = new URL(stack.partUrl('starter'));
    stack.processes.push(runStack(['start', 'subgraph', 'starter'], { ...stack.environment, PORT: port }));
    // The process itself: the gateway looks at it once a second.
    await until('it is back', async () => (await fetch(new URL('/health', stack.partUrl('starter')))).ok);

    const after = await subscribe(stack, ada, changed, written.id);
    const counted = await after.next();
    expect(counted.body).toEqual({
      data: { noteChanged: { text: 'two words', wordCount: 2 } },
      extensions: { eventId: counted.id },
    });
    await after.close();
  });

  it.each<StackMode>(['one-process', 'apart'])(
    'says that NATS is gone, without its password, goes on answering, and recovers: %s',
    async (mode) => {
      const { server, stack } = await stackOnNats(mode);
      const ada = await stack.signIn('ada@acme.test');
      const health = async () => (await fetch(`${stack.url}/health`)).text();
      await server.kill();
      await until('health says so', async () => (await health()).includes(`127.0.0.1:${server.port} is not connected`));
      expect((await ada.query(CREATE_NOTE)).body.errors).toBeUndefined();
      await server.start();
      await until('it is ready', async () => (await fetch(`${stack.url}/health`)).ok);
      expect(await stack.signal('SIGTERM')).toEqual(stack.processes.map(() => 0));
      for (const { output } of stack.processes) expect(output()).not.toContain('a-secret');
    },
  );
});

describeWithNats('A start with NATS_URL is refused in one sentence, without its password, where NATS is down', () => {
  it.each([['start'], ['start', 'worker'], ['start', 'subgraph', 'starter']].map((args) => [args.join(' '), args]))(
    '%s',
    async (_name, args) => {
      const port = await freePort();
      const stack = runStack(args as string[], {
        DATA_DIR: await temporaryDirectory(),
        PORT: '0',
        NATS_URL: `nats://stack:a-secret@127.0.0.1:${port}`,
      });
      expect(await stack.ended).toBe(1);
      expect(stack.output().split('\n').filter(Boolean)).toEqual([
        `stack: NATS_URL is set, and NATS at 127.0.0.1:${port} cannot be used: connection refused. Start it, correct NATS_URL, or unset it.`,
      ]);
    },
  );
});
