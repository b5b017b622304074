import { jetstream, type ConsumerMessages, type JetStreamManager, type JsMsg } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { Bell } from './bell.js';
import { ensureStream, STREAM } from './nats-stream.js';

export interface StreamReading {
  /** In the order of the stream, each once. */
  readonly onMessage: (message: JsMsg) => void;
  /** Messages left the stream before they were read, or the stream was made anew. */
  readonly onMissed: () => void;
  /** Called where reading fails, once until it works again. */
  readonly onTrouble: (error: unknown) => void;
}

const RETRY_MS = 500;
/** Only where what was waited for grew too old on the server before it was read: else the bell rings. */
const ASK_AGAIN_MS = 2_000;
/** How often an idle consumer asks; one that nobody asks for is let go of by the server. */
const PULL_EVERY_MS = 5_000;
const CONSUMER_LIVES_MS = 30_000;

/** Reads the stream from its first message, with one ordered consumer at a time, until it is closed. */
export class StreamReader {
  readonly #connection: NatsConnection;
  readonly #manager: JetStreamManager;
  readonly #reading: StreamReading;
  readonly #bell = new Bell();
  #ended: Promise<void> = Promise.resolve();
  #isClosed = false;
  #trouble: string | null = null;
  #messages: ConsumerMessages | null = null;
  /** When the stream that is read was made: one that is made anew counts from 1. */
  #streamMade: string | null = null;
  /** The number, in the stream, of the message that was read last. */
  #lastRead = 0;
  /** The bell rings when this one has been read. */
  #awaited = Infinity;

  constructor(connection: NatsConnection, manager: JetStreamManager, reading: StreamReading) {
    this.#connection = connection;
    this.#manager = manager;
    this.#reading = reading;
  }

  /** Resolves when what the stream holds has been read. Rejects where it cannot be read now; later that is only trouble. */
  async start(): Promise<void> {
    this.#ended = this.#readForEver(await this.#open());
    await this.caughtUp();
  }

  /** Why the stream cannot be read; null while it can. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Ends the consumer, which may be gone; another one goes on behind what was read. */
  restart(): void {
    this.#messages?.stop();
    this.#bell.ring();
  }

  /** Resolves with true when all that the stream held at some moment after the call has been read; false: closed before. */
  async caughtUp(): Promise<boolean> {
    while (!this.#isClosed) {
      const rung = this.#bell.next(ASK_AGAIN_MS);
      // A request that was on its way when the connection broke is not waited for: the bell rings when it is back.
      const stream = await Promise.race([this.#manager.streams.info(STREAM).catch(() => null), rung]);
      if (stream && stream.created === this.#streamMade) {
        const { messages, last_seq: last } = stream.state;
        if (messages === 0 || this.#lastRead >= last) return true;
        this.#awaited = last;
      }
      await rung;
    }
    return false;
  }

  /**
   * Resolves when nothing is read any more, after the connection was closed. The consumer is left to end with it: to stop
   * it writes to the socket, and where the server died a moment ago that error would reach nobody and end the process.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#bell.ring();
    return this.#ended;
  }

  async #readForEver(opened: ConsumerMessages): Promise<void> {
    let messages: ConsumerMessages | null = opened;
    while (!this.#isClosed) {
      try {
        messages ??= await this.#open();
        await this.#read(messages);
      } catch (error) {
        if (this.#trouble === null && !this.#isClosed) this.#reading.onTrouble(error);
        this.#trouble = (error as Error).message;
        if (!this.#isClosed) await this.#bell.next(RETRY_MS);
      }
      messages = null;
    }
  }

  /** A consumer that begins behind what was read. */
  async #open(): Promise<ConsumerMessages> {
    await this.#findPlace();
    const consumer = await jetstream(this.#connection).consumers.get(STREAM, {
      opt_start_seq: this.#lastRead + 1,
      inactive_threshold: CONSUMER_LIVES_MS,
    });
    return consumer.consume({ expires: PULL_EVERY_MS, abort_on_missing_resource: true });
  }

  /** Until the consumer ends: it is stopped, or the server has forgotten it. */
  async #read(messages: ConsumerMessages): Promise<void> {
    this.#messages = messages;
    this.#trouble = null;
    this.#bell.ring();
    for await (const message of messages) {
      if (this.#isClosed) return;
      if (message.seq !== this.#lastRead + 1) this.#reading.onMissed();
      this.#lastRead = message.seq;
      this.#reading.onMessage(message);
      if (this.#lastRead < this.#awaited) continue;
      this.#awaited = Infinity;
      this.#bell.ring();
    }
  }

  /** Notices a stream that was lost with the server's disk, or lost its end in a crash: its numbers start again. */
  async #findPlace(): Promise<void> {
    const { created, state } = await ensureStream(this.#manager);
    if (this.#streamMade === null) {
      this.#lastRead = Math.max(state.first_seq - 1, 0);
    } else if (created !== this.#streamMade || state.last_seq < this.#lastRead) {
      this.#lastRead = created === this.#streamMade ? state.last_seq : 0;
      this.#reading.onMissed();
    }
    this.#streamMade = created;
  }
}
