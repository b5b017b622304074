import { notReady, ready, type EventBus, type PartHealth, type StackEvent } from '@inevitable/contract';
import { jetstream, jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, RequestError, type NatsConnection } from '@nats-io/transport-node';
import type { Logger } from 'pino';
import { EventFanOut } from './event-fan-out.js';
import { decodeEvent, encodeEvent, KEPT, STREAM, subjectOf } from './nats-stream.js';
import { NatsUnavailable } from './nats-unavailable.js';
import { readNatsUrl } from './read-nats-url.js';
import { StreamReader } from './read-stream.js';

/** Events of every process that has the same NATS server. */
export interface NatsBus extends EventBus {
  health(): Promise<PartHealth>;
  /** Those who listen hear no more. */
  close(): Promise<void>;
}

export interface NatsBusOptions {
  readonly log: Logger;
}

const CONNECT_WITHIN_MS = 5_000;
/** Less than a worker has to stop in: its relay waits for the answer. */
const ANSWER_WITHIN_MS = 3_000;
const RECONNECT_EVERY_MS = 500;
/** A connection whose other end vanished without a word is given up after two of these. */
const PING_EVERY_MS = 5_000;

/**
 * Connects, makes the stream where it is missing, and reads what it holds, so that whoever heard an event from another
 * process is led on here. From then on it reconnects for ever. Throws `NatsUnavailable`.
 *
 * `publish` resolves when the server has stored the event; it rejects with `NatsUnavailable` otherwise, at once while there
 * is no connection. An event that arrives twice (the outbox sends at least once) is dropped by the server and again here.
 */
export async function natsBus(url: string, { log }: NatsBusOptions): Promise<NatsBus> {
  const { place, options } = readNatsUrl(url);
  const unavailable = (error: unknown): NatsUnavailable =>
    new NatsUnavailable(`NATS at ${place} cannot be used: ${reasonOf(error)}`, { cause: error });
  const connection = await connect({
    ...options,
    name: 'inevitable',
    timeout: CONNECT_WITHIN_MS,
    maxReconnectAttempts: -1,
    reconnectTimeWait: RECONNECT_EVERY_MS,
    ignoreAuthErrorAbort: true, // credentials that are being changed are right again soon
    pingInterval: PING_EVERY_MS,
    maxPingOut: 2,
  }).catch((error: unknown) => {
    throw unavailable(error);
  });
  try {
    return await ConnectedBus.open(connection, place, log);
  } catch (error) {
    await connection.close();
    throw unavailable(error);
  }
}

class ConnectedBus implements NatsBus {
  readonly #connection: NatsConnection;
  readonly #place: string;
  readonly #log: Logger;
  readonly #reader: StreamReader;
  readonly #fanOut: EventFanOut;
  #isConnected = true;

  static async open(connection: NatsConnection, place: string, log: Logger): Promise<NatsBus> {
    const bus = new ConnectedBus(
      connection,
      await jetstreamManager(connection, { timeout: ANSWER_WITHIN_MS }),
      place,
      log,
    );
    try {
      await bus.#reader.start();
      return bus;
    } catch (error) {
      await bus.close();
      throw error;
    }
  }

  private constructor(connection: NatsConnection, manager: JetStreamManager, place: string, log: Logger) {
    this.#connection = connection;
    this.#place = place;
    this.#log = log;
    this.#fanOut = new EventFanOut({
      bounds: KEPT,
      caughtUp: () => this.#reader.caughtUp(),
      onListenerError: (error, event) => log.error({ err: error, event }, 'an event listener failed'),
    });
    this.#reader = new StreamReader(connection, manager, {
      onMessage: ({ subject, data }) => this.#hear(subject, data),
      onMissed: () => {
        log.warn({ nats: place }, 'events were lost before they were heard here; subscribers are told');
        this.#fanOut.missedSome();
      },
      onTrouble: (error) => log.warn({ nats: place, err: error }, 'events cannot be read from NATS; trying again'),
    });
    void this.#followConnection();
  }

  async publish(event: StackEvent): Promise<void> {
    if (!this.#isConnected) throw new NatsUnavailable(this.#notConnected);
    try {
      await jetstream(this.#connection).publish(subjectOf(event.name), encodeEvent(event), {
        msgID: event.id,
        timeout: ANSWER_WITHIN_MS,
        expect: { streamName: STREAM },
      });
    } catch (error) {
      if (isHeardByNobody(error)) this.#reader.restart(); // the stream is gone; the reader makes it again
      throw new NatsUnavailable(`NATS at ${this.#place} did not take an event: ${reasonOf(error)}`, { cause: error });
    }
  }

  subscribe(...args: Parameters<EventBus['subscribe']>): () => void {
    return this.#fanOut.subscribe(...args);
  }

  health(): Promise<PartHealth> {
    const { trouble } = this.#reader;
    if (!this.#isConnected) return Promise.resolve(notReady('events', `${this.#notConnected}; trying again`));
    if (trouble === null) return Promise.resolve(ready('events'));
    return Promise.resolve(notReady('events', `the stream ${STREAM} at ${this.#place} cannot be read: ${trouble}`));
  }

  async close(): Promise<void> {
    const read = this.#reader.close();
    await this.#connection.close();
    await read;
  }

  get #notConnected(): string {
    return `NATS at ${this.#place} is not connected`;
  }

  #hear(subject: string, data: Uint8Array): void {
    const event = decodeEvent(data);
    if (event) this.#fanOut.hear(event, data.length);
    else this.#log.warn({ subject }, 'something that is no event was published where events are; it is passed over');
  }

  async #followConnection(): Promise<void> {
    for await (const { type } of this.#connection.status()) {
      if (type === 'disconnect') {
        this.#isConnected = false;
        this.#log.warn({ nats: this.#place }, 'NATS is not connected; trying again');
      } else if (type === 'reconnect') {
        this.#isConnected = true;
        this.#log.warn({ nats: this.#place }, 'NATS is connected again');
        this.#reader.restart(); // a server that was restarted has forgotten the consumer
      }
    }
  }
}

/** Nothing on the server takes what is published on the subject. */
const isHeardByNobody = (error: unknown): error is Error =>
  error instanceof Error && error.cause instanceof RequestError && error.cause.isNoResponders();

/** The client calls a missing stream "jetstream is not enabled" as well. */
const reasonOf = (error: unknown): string =>
  isHeardByNobody(error) ? `JetStream is off, or the stream ${STREAM} is missing` : (error as Error).message;
