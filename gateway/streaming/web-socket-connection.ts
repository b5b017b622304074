import type { IncomingMessage } from 'node:http';
import { CallerError, OperatorError, requestInLog } from '@inevitable/contract';
import type { ConnectionInitMessage, SubscribePayload, WebSocket as ProtocolSocket } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocket, type RawData } from 'ws';
import type { RawHeaders } from '../authentication/authenticate-caller.js';
import { nestsTooDeeply } from '../graphql-over-http/json-depth.js';
import { isOurs, type OpenOperation } from '../pipeline/pipeline.js';
import { noteError, toErrors } from '../pipeline/to-response.js';
import type { IdleConnections } from '../routing/idle-connections.js';
import { operationFacts, type RequestFacts, type RequestFactsParts } from '../routing/request-facts.js';
import { headersOf, receiveMessage } from './web-socket-message.js';
import type { WebSocketLimits } from './web-socket-limits.js';
import { OperationRefused, WebSocketOperation } from './web-socket-operation.js';

export interface WebSocketConnectionParts extends RequestFactsParts {
  readonly idle: IdleConnections;
  readonly open: OpenOperation;
  /** Throws or rejects for a credential that does not hold. */
  readonly authenticate: (rawHeaders: RawHeaders, facts: RequestFacts) => unknown;
  readonly log: Logger;
}

/** The close codes of RFC 6455, section 7.4.1, and of the `graphql-transport-ws` protocol that we send ourselves. */
const CLOSE = {
  /** Of `graphql-ws`'s client, one that keeps its socket (`lazy: false`) opens another; one that wants nothing does not. */
  idle: [1000, 'No operation for too long'],
  goingAway: [1001, 'Going away'],
  tryAgainLater: [1013, 'Try again later'],
  invalidMessage: [4400, 'Invalid message received'],
  slowConsumer: [4429, 'Slow consumer'],
  failed: [4500, 'Internal server error'],
} as const;

const tooMuch = (limit: string): OperationRefused =>
  new OperationRefused([
    { message: `${limit} End one, or open another connection.`, extensions: { code: 'RATE_LIMITED' } },
  ]);

/** For whoever would only say something that nobody waits for. */
const never = (): Promise<never> => new Promise(() => undefined);

/** What `graphql-ws` knows of a socket's operations: null for one that is being opened. */
export type KnownOperations = Readonly<Record<string, unknown>>;

/** One client's socket. It bounds what its client can make us do and keep; what messages mean is `graphql-ws`'s to know. */
export class WebSocketConnection implements ProtocolSocket {
  readonly #socket: WebSocket;
  readonly #upgrade: IncomingMessage;
  readonly #limits: WebSocketLimits;
  readonly #parts: WebSocketConnectionParts;
  readonly #operations = new Set<WebSocketOperation>();
  /** Of the operations' messages. */
  #characters = 0;
  #rawHeaders: RawHeaders;
  #known: KnownOperations = {};
  #isAlive = true;
  /** Heartbeats since it had an operation. */
  #idleBeats = 0;
  #isStopping = false;
  /** Set while more than is allowed waits to be read. */
  #congested: NodeJS.Timeout | null = null;

  constructor(socket: WebSocket, upgrade: IncomingMessage, limits: WebSocketLimits, parts: WebSocketConnectionParts) {
    this.#socket = socket;
    this.#upgrade = upgrade;
    this.#limits = limits;
    this.#parts = parts;
    this.#rawHeaders = upgrade.rawHeaders;
    socket.on('pong', () => (this.#isAlive = true));
    // What is wrong with frames is told to the client by `ws`, with the code it has for it; `close` follows.
    socket.on('error', (error) => parts.log.debug({ err: error }, 'A WebSocket failed.'));
    socket.once('close', () => this.#closed());
    this.#idles();
  }

  get protocol(): string {
    return this.#socket.protocol;
  }

  /** Resolves when the kernel has it, or the socket has gone. */
  send(text: string): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return resolve();
      this.#socket.send(text, () => {
        this.#watchBuffer();
        resolve();
      });
      this.#watchBuffer();
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  onMessage(take: (text: string) => Promise<void>): void {
    this.#socket.on('message', (data: RawData, isBinary: boolean) => {
      if (this.#socket.readyState !== WebSocket.OPEN) return; // what comes after we have closed counts no more
      if (isBinary) return this.close(...CLOSE.invalidMessage);
      const text = String(data);
      if (nestsTooDeeply(text)) return this.close(...CLOSE.invalidMessage);
      take(text).catch((error: unknown) => this.#failed(error));
      this.#forgetCompleted();
    });
  }

  /**
   * Whether the credential that came with `connection_init`, or with the upgrade, is good; none is nobody, and may stay.
   * `known`: what will be known of the socket's operations.
   */
  async admit(params: ConnectionInitMessage['payload'], known: KnownOperations): Promise<boolean> {
    this.#known = known;
    const facts = operationFacts(this.#upgrade, { ...this.#parts, onRequestEnd: null }); // it is no request
    try {
      this.#rawHeaders = headersOf(this.#upgrade, params);
      await this.#parts.authenticate(this.#rawHeaders, facts);
      return true;
    } catch (error) {
      if (error instanceof CallerError) return false;
      throw error;
    } finally {
      facts.dropDeadline();
    }
  }

  /** Throws `OperationRefused`. */
  async open(id: string, payload: SubscribePayload): Promise<WebSocketOperation> {
    const characters = JSON.stringify(payload).length;
    const { maxOperations, maxCharacters } = this.#limits;
    if (this.#operations.size >= maxOperations)
      throw tooMuch(`A connection may have ${maxOperations} operations at once.`);
    if (this.#characters + characters > maxCharacters)
      throw tooMuch(`The operations of a connection may have ${maxCharacters} characters together.`);
    const { open, log } = this.#parts;
    const facts = operationFacts(this.#upgrade, this.#parts, payload.extensions?.['traceparent']);
    facts.inputBytes = characters;
    const operation = new WebSocketOperation(id, characters, facts, (ended) => {
      this.#operations.delete(ended);
      this.#characters -= ended.characters;
      if (this.#operations.size === 0) this.#idles();
      this.#leaveWhenDone();
    });
    this.#characters += characters;
    this.#operations.add(operation);
    this.#parts.idle.delete(this.#upgrade.socket);
    if (this.#isStopping) operation.stop();
    try {
      operation.started(
        await open(receiveMessage(payload, { upgrade: this.#upgrade, rawHeaders: this.#rawHeaders }, facts)),
      );
    } catch (error) {
      if (operation.hasEnded) return never();
      if (isOurs(error)) log.error({ err: error, ...requestInLog(facts) }, 'A GraphQL operation failed.');
      if (facts.record) noteError(error, facts.record);
      await operation.return();
      throw new OperationRefused(toErrors(error));
    }
    // The client completed it meanwhile, and its id may be another operation's by now.
    return operation.hasEnded ? never() : operation;
  }

  /** Pings; a client that did not answer the ping before this one is cut off, and one that asks for nothing leaves. */
  beat(): void {
    if (this.#congested) return; // its pongs are not read either
    if (!this.#isAlive) return this.#socket.terminate();
    const { idleMs, heartbeatMs } = this.#limits;
    if (this.#operations.size === 0 && ++this.#idleBeats > idleMs / heartbeatMs) this.close(...CLOSE.idle);
    this.#isAlive = false;
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.ping();
  }

  /** Closes when its operations have ended, or been told what was queued for them. */
  stop(): void {
    this.#isStopping = true;
    for (const operation of this.#operations) operation.stop();
    this.#leaveWhenDone();
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #idles(): void {
    this.#idleBeats = 0;
    const { readyState } = this.#socket;
    if (readyState !== WebSocket.CLOSED) this.#parts.idle.add(this.#upgrade.socket, () => this.#cutOff());
  }

  #cutOff(): void {
    this.close(...CLOSE.tryAgainLater);
    setImmediate(() => this.#socket.terminate()); // once the frame was written
  }

  #leaveWhenDone(): void {
    // The last answer is still on its way to the socket when its operation has ended.
    if (this.#isStopping && this.#operations.size === 0) setImmediate(() => this.close(...CLOSE.goingAway));
  }

  /** A client that does not read what it asked for is not asked what else it wants. */
  #watchBuffer(): void {
    const { maxBufferedBytes, slowConsumerMs } = this.#limits;
    const isFull = this.#socket.bufferedAmount > maxBufferedBytes;
    if (isFull && this.#congested === null) {
      this.#socket.pause();
      this.#congested = setTimeout(() => {
        this.#socket.resume(); // to see the client's half of the closing
        this.close(...CLOSE.slowConsumer);
      }, slowConsumerMs);
    } else if (!isFull && this.#congested !== null) {
      clearTimeout(this.#congested);
      this.#congested = null;
      this.#isAlive = true;
      this.#socket.resume();
    }
  }

  /** `graphql-ws` says nothing of a client that completes an operation before it is open. */
  #forgetCompleted(): void {
    for (const operation of this.#operations)
      if (operation.isOpening && !(operation.id in this.#known)) operation.abandon();
  }

  #failed(error: unknown): void {
    this.#parts.log.error({ err: error }, 'A WebSocket message could not be handled.');
    const [code, reason] = error instanceof OperatorError ? CLOSE.tryAgainLater : CLOSE.failed;
    this.close(code, reason);
  }

  #closed(): void {
    if (this.#congested) clearTimeout(this.#congested);
    for (const operation of this.#operations) operation.abandon();
    this.#parts.idle.delete(this.#upgrade.socket);
  }
}
