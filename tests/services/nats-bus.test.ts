import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { StackEvent } from '@inevitable/contract';
import { natsBus, NatsUnavailable, type NatsBus } from '@inevitable/kit/host';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { freePort } from '../support/free-port.js';
import { temporaryDirectory, until } from '../support/test-stack.js';
import { Cable } from './cable.js';
import { describeWithNats, NatsServer } from './nats-server.js';

const NAME = 'starter.note.changed.v1';
const STREAM = 'INEVITABLE_EVENTS';
const log = pino({ level: 'silent' });

let server: NatsServer;
let buses: NatsBus[];
let operators: NatsConnection[];
let cables: Cable[];

async function openBus(url = server.url): Promise<NatsBus> {
  const bus = await natsBus(url, { log });
  buses.push(bus);
  return bus;
}

/** A bus of a process whose connection can be cut. */
async function openCableBus() {
  const cable = await Cable.to(server.port);
  cables.push(cable);
  const bus = await openBus(`nats://127.0.0.1:${cable.port}`);
  return {
    bus,
    mend: () => cable.mend(),
    async cut() {
      cable.cut();
      await until('the cut is noticed', async () => !(await bus.health()).ready);
    },
  };
}

const refusalOf = (url: string): Promise<unknown> =>
  natsBus(url, { log }).then(
    () => 'none',
    (error: unknown) => (error instanceof NatsUnavailable ? error.message : error),
  );

/** What an operator would see of the server. */
async function lookBehind(): Promise<JetStreamManager> {
  const connection = await connect({ port: server.port });
  operators.push(connection);
  return jetstreamManager(connection);
}

function event(payload: unknown, changes: Partial<StackEvent> = {}): StackEvent {
  return {
    id: v7(),
    name: NAME,
    tenantId: v7(),
    aggregate: 'note-1',
    payload,
    occurredAt: new Date().toISOString(),
    correlationId: 'request-1',
    ...changes,
  };
}

async function publishAll(bus: NatsBus, payloads: readonly unknown[]): Promise<StackEvent[]> {
  const events = payloads.map((payload) => event(payload));
  for (const each of events) await bus.publish(each);
  return events;
}

/** What a listener hears, in words: payloads, and `gap` where it was told of one. */
function listen(bus: NatsBus, { name = NAME, after }: { name?: string; after?: StackEvent } = {}) {
  const heard: unknown[] = [];
  const stop = bus.subscribe(name, ({ payload }) => heard.push(payload), {
    ...(after && { after: after.id }),
    onGap: () => heard.push('gap'),
  });
  return {
    heard,
    stop,
    hears: (payload: unknown) => until(`${String(payload)} is heard`, async () => heard.includes(payload)),
  };
}

beforeEach(async () => {
  buses = [];
  operators = [];
  cables = [];
  server = await NatsServer.start();
});
afterEach(async () => {
  await Promise.all(buses.map((bus) => bus.close()));
  await Promise.all(operators.map((connection) => connection.close()));
  for (const cable of cables) cable.close();
  await server.close();
});

describeWithNats('An event on NATS', () => {
  it('is heard in every process, in order, once', async () => {
    const [one, other] = [await openBus(), await openBus()];
    const [here, there] = [listen(one), listen(other, { name: 'starter.note.' })];
    const numbers = Array.from({ length: 500 }, (_, number) => number);
    await publishAll(one, numbers);
    await Promise.all([here.hears(499), there.hears(499)]);
    expect(here.heard).toEqual(numbers);
    expect(there.heard).toEqual(numbers);
  });

  it('that was published while a process was cut off is heard there afterwards, in order, once', async () => {
    const [away, publisher] = [await openCableBus(), await openBus()];
    const listener = listen(away.bus);
    await publishAll(publisher, [1]);
    await listener.hears(1);
    for (const number of [2, 4, 6]) {
      await away.cut();
      await publishAll(publisher, [number, number + 1]);
      away.mend();
      await listener.hears(number + 1);
    }
    expect(listener.heard).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('arrives as it was published', async () => {
    const bus = await openBus();
    const published = event({ text: 'ünï', nested: [null, 1.5, { deep: true }] });
    const heard = new Promise((resolve) => bus.subscribe(NAME, resolve));
    await bus.publish(published);
    expect(await heard).toEqual(published);
  });

  it('that is sent twice is heard once', async () => {
    const [one, other] = [await openBus(), await openBus()];
    const listener = listen(other);
    const first = event('first');
    await one.publish(first);
    await one.publish(first);
    await other.publish(first);
    await one.publish(event('last'));
    await listener.hears('last');
    expect(listener.heard).toEqual(['first', 'last']);
  });

  it('that the server let pass twice is heard once', async () => {
    const bus = await openBus();
    const listener = listen(bus);
    const first = event('first');
    await bus.publish(first);
    const connection = await connect({ port: server.port });
    operators.push(connection);
    connection.publish(`inevitable.events.${NAME}`, JSON.stringify(first));
    await connection.flush();
    await bus.publish(event('last'));
    await listener.hears('last');
    expect(listener.heard).toEqual(['first', 'last']);
  });

  it('reaches only those who listen to its name or a prefix of it, however it is named', async () => {
    const bus = await openBus();
    const listeners = ['starter.', 'starter.note.changed.', NAME, 'start', 'starter.note', '*', '>', 'a > b.*'].map(
      (name) => listen(bus, { name }),
    );
    await bus.publish(event('plain'));
    await bus.publish(event('odd', { name: 'a > b.*' }));
    await bus.publish(event('long', { name: `starter.${'x'.repeat(5_000)}` }));
    await listeners[0]!.hears('long');
    expect(listeners.map(({ heard }) => heard)).toEqual([
      ['plain', 'long'],
      ['plain'],
      ['plain'],
      [],
      [],
      [],
      [],
      ['odd'],
    ]);
  });

  it('tells nothing of its tenant or its content in what it is published as', async () => {
    const bus = await openBus();
    await bus.publish(event('secret', { tenantId: 'acme', aggregate: 'note-of-acme' }));
    const { subjects } = (await (await lookBehind()).streams.info(STREAM, { subjects_filter: '>' })).state;
    expect(subjects).toEqual({ [`inevitable.events.${NAME}`]: 1 });
  });

  it('that is none is passed over', async () => {
    const bus = await openBus();
    const listener = listen(bus);
    const connection = await connect({ port: server.port });
    operators.push(connection);
    for (const text of ['', 'garbage', '{}', '[]', 'null', JSON.stringify({ ...event('x'), tenantId: 7 })])
      connection.publish(`inevitable.events.${NAME}`, text);
    await connection.flush();
    await bus.publish(event('real'));
    await listener.hears('real');
    expect(listener.heard).toEqual(['real']);
    expect(await bus.health()).toMatchObject({ ready: true });
  });
});

describeWithNats('A listener that left', () => {
  it('hears exactly what it missed, then what comes', async () => {
    const bus = await openBus();
    const [, second] = await publishAll(bus, [1, 2, 3, 4]);
    const listener = listen(bus, { after: second! });
    await publishAll(bus, [5]);
    await listener.hears(5);
    expect(listener.heard).toEqual([3, 4, 5]);
  });

  it('hears it from another process as well, one that started later', async () => {
    const first = await openBus();
    const [, second] = await publishAll(first, [1, 2, 3, 4]);
    await first.close();
    const later = await openBus();
    const listener = listen(later, { after: second! });
    await publishAll(later, [5]);
    await listener.hears(5);
    expect(listener.heard).toEqual([3, 4, 5]);
  });

  it('neither loses nor doubles an event while others are being published', async () => {
    const [publisher, hearer] = [await openBus(), await openBus()];
    const [start] = await publishAll(publisher, ['start']);
    const numbers = Array.from({ length: 300 }, (_, number) => number);
    const publishing = publishAll(publisher, numbers);
    const first = listen(hearer, { after: start! });
    await first.hears(50);
    first.stop();
    const soFar = first.heard.length;
    const events = await Promise.race([publishing, Promise.resolve(null)]);
    expect(events).toBeNull(); // it is still going on
    const again = listen(hearer, { after: start! });
    await publishing;
    await again.hears(299);
    expect(first.heard).toEqual(numbers.slice(0, soFar));
    expect(again.heard).toEqual(numbers);
  });

  it('is led on without a gap by a process that has not heard its last event yet', async () => {
    const ahead = await openBus();
    const behind = await openCableBus();
    await behind.cut();
    const [first] = await publishAll(ahead, [1, 2]);
    const listener = listen(behind.bus, { after: first! });
    const newcomer = listen(behind.bus);
    behind.mend();
    await publishAll(ahead, [3]);
    await Promise.all([listener.hears(3), newcomer.hears(3)]);
    expect(listener.heard).toEqual([2, 3]);
    expect(newcomer.heard).toEqual([1, 2, 3]);
  });

  it('is told of a gap first where its last event is unknown, and then hears what comes', async () => {
    const bus = await openBus();
    const before = listen(bus);
    await publishAll(bus, [1, 2]);
    await before.hears(2); // what is published is heard a moment later, and would be "what comes" until then
    const listener = listen(bus, { after: event('never published') });
    await publishAll(bus, [3]);
    await listener.hears(3);
    expect(listener.heard).toEqual(['gap', 3]);
  });

  it('hears nothing any more, also where it leaves at its first event', async () => {
    const bus = await openBus();
    const [start] = await publishAll(bus, ['start', 1, 2]);
    const heard: unknown[] = [];
    const stop = bus.subscribe(
      NAME,
      ({ payload }) => {
        heard.push(payload);
        stop();
      },
      { after: start!.id },
    );
    const other = listen(bus);
    await publishAll(bus, [3]);
    await other.hears(3);
    expect(heard).toEqual([1]);
  });
});

describeWithNats('When the NATS server dies', () => {
  it('publishing is refused at once, health says so, and no password is in either', async () => {
    await server.close();
    server = await NatsServer.start('--user', 'stack', '--pass', 'a-secret');
    const bus = await openBus(`nats://stack:a-secret@127.0.0.1:${server.port}`);
    expect(await bus.health()).toEqual({ name: 'events', ready: true, reason: null });
    await server.kill();
    await until('it is noticed', async () => !(await bus.health()).ready);
    const reason = `NATS at 127.0.0.1:${server.port} is not connected`;
    expect(await bus.health()).toEqual({ name: 'events', ready: false, reason: `${reason}; trying again` });
    await expect(bus.publish(event('lost?'))).rejects.toThrow(new NatsUnavailable(reason));
  });

  it('what it acknowledged is kept, and is heard after it is back, in order', async () => {
    const [one, other] = [await openBus(), await openBus()];
    const listener = listen(other);
    const [first] = await publishAll(one, ['before']);
    await listener.hears('before');
    await server.kill();
    await until('it is noticed', async () => !(await one.health()).ready && !(await other.health()).ready);
    await server.start();
    await until('one is back', async () => (await one.health()).ready);
    await publishAll(one, [1, 2, 3]);
    await listener.hears(3);
    expect(listener.heard).toEqual(['before', 1, 2, 3]);

    const newcomer = listen(await openBus(), { after: first! });
    await newcomer.hears(3);
    expect(newcomer.heard).toEqual([1, 2, 3]);
  });

  it('and comes back without what it stored, those who listen are told of a gap, and go on hearing', async () => {
    const bus = await openBus();
    const listener = listen(bus);
    const [, second] = await publishAll(bus, [1, 2]);
    await listener.hears(2);
    await server.kill();
    await server.forget();
    await server.start();
    await until('an event is taken again', () => bus.publish(event('after')).then(() => true));
    await listener.hears('after');
    expect(listener.heard).toEqual([1, 2, 'gap', 'after']);
    const returning = listen(bus, { after: second! });
    await publishAll(bus, ['end']);
    await returning.hears('end');
    expect(returning.heard).toEqual(['gap', 'end']);
  });

  it('a process can still stop, also in the moment of its death', async () => {
    for (let round = 0; round < 10; round += 1) {
      const bus = await natsBus(server.url, { log });
      listen(bus);
      const dying = server.kill();
      if (round % 2 === 0) await dying;
      await bus.close();
      await dying;
      await expect(bus.publish(event('late'))).rejects.toThrow(NatsUnavailable);
      await server.start();
    }
  });
});

describeWithNats('The stream', () => {
  it('needs no more permissions than the documentation names', async () => {
    await server.close();
    const config = join(await temporaryDirectory(), 'nats.conf');
    await writeFile(
      config,
      `authorization { users: [{ user: stack, password: a-secret, permissions: {
        publish: ["inevitable.events.>", "$JS.API.>"], subscribe: ["_INBOX.>"] } }] }`,
    );
    server = await NatsServer.start('--config', config);
    const url = `nats://stack:a-secret@127.0.0.1:${server.port}`;
    const [one, other] = [await openBus(url), await openBus(url)];
    const listener = listen(other);
    await publishAll(one, ['allowed']);
    await listener.hears('allowed');
  });

  it('that is deleted under a running process is made again', async () => {
    const bus = await openBus();
    const listener = listen(bus);
    await (await lookBehind()).streams.delete(STREAM);
    await until('an event is taken again', () => bus.publish(event('after')).then(() => true));
    await listener.hears('after');
    expect(listener.heard).toEqual(['gap', 'after']);
  });

  it('tells a gap to those who listen where it let go of events they had not heard', async () => {
    const [away, publisher] = [await openCableBus(), await openBus()];
    await (await lookBehind()).streams.update(STREAM, { max_msgs: 3 });
    const listener = listen(away.bus);
    const [first] = await publishAll(publisher, [1]);
    await listener.hears(1);
    await away.cut();
    await publishAll(publisher, [2, 3, 4, 5, 6]);
    away.mend();
    await listener.hears(6);
    expect(listener.heard).toEqual([1, 'gap', 4, 5, 6]);

    const returning = listen(away.bus, { after: first! });
    await publishAll(publisher, [7]);
    await returning.hears(7);
    expect(returning.heard).toEqual(['gap', 7]);
  });

  it('keeps the limits an operator gave it', async () => {
    const { streams } = await lookBehind();
    await (await openBus()).close();
    expect((await streams.info(STREAM)).config).toMatchObject({
      max_age: 600e9,
      max_msgs: 20_000,
      max_bytes: 16_777_216,
      discard: 'old',
    });
    await streams.update(STREAM, { max_msgs: 7 });
    await openBus();
    expect((await streams.info(STREAM)).config.max_msgs).toBe(7);
  });

  it('that belongs to somebody else is refused', async () => {
    await (await lookBehind()).streams.add({ name: STREAM, subjects: ['orders.>'] });
    expect(await refusalOf(server.url)).toBe(
      `NATS at 127.0.0.1:${server.port} cannot be used: its stream ${STREAM} holds other subjects than inevitable.events.>`,
    );
  });

  it('has one consumer per process, however many listen', async () => {
    const [one] = [await openBus(), await openBus()];
    const listeners = Array.from({ length: 10_000 }, () => listen(one!));
    await publishAll(one!, ['for all']);
    await Promise.all(listeners.map((listener) => listener.hears('for all')));
    expect((await (await lookBehind()).streams.info(STREAM)).state.consumer_count).toBe(2);
  });
});

describeWithNats('Opening is refused in one sentence, without credentials, where', () => {
  it('nobody listens', async () => {
    const port = await freePort();
    expect(await refusalOf(`nats://stack:a-secret@127.0.0.1:${port}`)).toBe(
      `NATS at 127.0.0.1:${port} cannot be used: connection refused`,
    );
  });

  it('the password is wrong', async () => {
    await server.close();
    server = await NatsServer.start('--user', 'stack', '--pass', 'right');
    expect(await refusalOf(`nats://stack:a-secret@127.0.0.1:${server.port}`)).toBe(
      `NATS at 127.0.0.1:${server.port} cannot be used: Authorization Violation`,
    );
  });

  it('JetStream is off', async () => {
    await server.close();
    server = await NatsServer.startWithoutJetStream();
    expect(await refusalOf(server.url)).toBe(
      `NATS at 127.0.0.1:${server.port} cannot be used: JetStream is off, or the stream ${STREAM} is missing`,
    );
  });
});
