import { notReady, ready } from '@inevitable/contract';
import { createClient } from '@redis/client';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import { keepRunning } from '../../background/keep-running.js';
import { keptSeconds, type Counters, type Taken, type Window } from './counters.js';
import { memoryCounters } from './memory-counters.js';

/** Redis cannot be used now; the message says why, without credentials. */
export class RedisUnavailable extends Error {}

export interface RedisCountersOptions {
  readonly log: Logger;
}

const DEFAULT_PORT = '6379';
const CONNECT_WITHIN_MS = 3_000;
/** A request waits for it. */
const ANSWER_WITHIN_MS = 250;
const STEPS = 5;
const CHECK_EVERY_MS = 500;
const KEY_PREFIX = 'inevitable:rates';
/** Limits that differ, of tenants' own numbers too; one that is forgotten is made anew. */
const KNOWN_LIMITERS = 1_000;

/**
 * In place of the library's own script, which counts what it refuses: an operation that is too large would keep small ones
 * out until it is given back. It gets what to add, for how many seconds, and the limit. Nothing is made of what is given
 * back to a window that is over.
 */
const TAKE = `
local before = redis.call('get', KEYS[1])
local after = (tonumber(before) or 0) + tonumber(ARGV[1])
if tonumber(ARGV[1]) > 0 and after > tonumber(ARGV[3]) then return {after, 0} end
if before then redis.call('incrby', KEYS[1], ARGV[1])
elseif after > 0 then redis.call('set', KEYS[1], ARGV[1], 'EX', ARGV[2]) end
return {after, 0}`;

/**
 * Counts for every gateway that has the same Redis. What cannot be counted there is counted in this gateway's memory:
 * no request waits longer for Redis than a quarter of a second, and none at all while it is known to be gone. The library's
 * `insuranceLimiter` would do that, too, and not know where to give back what was taken. Rejects with `RedisUnavailable`.
 */
export async function redisCounters(url: string, { log }: RedisCountersOptions): Promise<Counters> {
  const counters = new RedisCounters(url, log);
  try {
    await counters.open();
    return counters;
  } catch (error) {
    await counters.close();
    throw new RedisUnavailable(`Redis at ${placeOf(url)} cannot be used: ${reasonOf(error)}`, { cause: error });
  }
}

class RedisCounters implements Counters {
  readonly #url: string;
  readonly #log: Logger;
  readonly #memory = memoryCounters();
  readonly #stop = new AbortController();
  /** null: Redis is gone, for `#reason`. */
  #server: Server | null = null;
  #reason = '';

  constructor(url: string, log: Logger) {
    this.#url = url;
    this.#log = log;
  }

  /** Rejects with what is wrong. From then on it is connected anew for ever. */
  async open(): Promise<void> {
    this.#server = await this.#connect();
    const { signal } = this.#stop;
    void keepRunning(() => this.#check(), { everyMs: CHECK_EVERY_MS, signal, onFailure: () => undefined });
  }

  async take(window: Window, units: number, limit: number): Promise<Taken> {
    const server = this.#server;
    if (server) {
      try {
        return await server.take(window, units, limit);
      } catch (error) {
        this.#lose(server, error);
      }
    }
    return this.#memory.take(window, units, limit);
  }

  health() {
    if (this.#server) return [ready('redis')];
    return [notReady('redis', `${this.#place} is not connected: ${this.#reason}; rates are counted in this gateway`)];
  }

  close(): Promise<void> {
    this.#stop.abort();
    this.#server?.end();
    this.#server = null;
    return this.#memory.close();
  }

  /** A Redis that was gone comes back; one that hangs is noticed before a request is. */
  async #check(): Promise<void> {
    const server = this.#server;
    if (server) return server.check().catch((error: unknown) => this.#lose(server, error));
    this.#server = await this.#connect();
    this.#log.warn({ redis: this.#place }, 'Redis is connected again; rates are counted for all gateways');
  }

  async #connect(): Promise<Server> {
    const server = await Server.connect(this.#url, (error) => this.#lose(server, error));
    if (!this.#stop.signal.aborted) return server;
    server.end();
    throw new Error('it is not wanted any more');
  }

  #lose(server: Server, error: unknown): void {
    if (this.#server !== server) return; // others have noticed
    this.#server = null;
    this.#reason = reasonOf(error);
    server.end();
    this.#log.warn({ redis: this.#place, reason: this.#reason }, 'Redis is gone; rates are counted in this gateway');
  }

  get #place(): string {
    return `Redis at ${placeOf(this.#url)}`;
  }
}

/** One connection. It is not repaired: whoever loses it connects anew, which a server that hangs needs as well. */
class Server {
  readonly #client: ReturnType<typeof newClient>;
  readonly #limiters = new LRUCache<string, RateLimiterRedis>({ max: KNOWN_LIMITERS });

  private constructor(client: ReturnType<typeof newClient>) {
    this.#client = client;
  }

  /** `onLost` is called when the connection ends by itself. */
  static async connect(url: string, onLost: (error: Error) => void): Promise<Server> {
    const client = newClient(url);
    client.on('error', () => undefined); // `connect` rejects with it
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('it does not answer')), CONNECT_WITHIN_MS);
    });
    const server = new Server(client);
    try {
      await Promise.race([client.connect(), late]);
      await server.check();
      client.on('error', onLost);
      return server;
    } catch (error) {
      server.end();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Rejects when Redis does not answer in time, or may not be written to. */
  async check(): Promise<void> {
    await inTime(this.#limiterOf(CHECKED, Number.MAX_SAFE_INTEGER).penalty(CHECKED.key, 1));
  }

  async take(window: Window, units: number, limit: number): Promise<Taken> {
    const limiter = this.#limiterOf(window, limit);
    const { consumedPoints } = await inTime(limiter.penalty(window.key, units));
    const isGranted = consumedPoints <= limit;
    return {
      isGranted,
      held: isGranted ? consumedPoints : consumedPoints - units,
      // Redis may be gone by now; the window holds too much then until it is over.
      giveBack: (amount) => void limiter.reward(window.key, amount).catch(() => undefined),
    };
  }

  /** What waits for an answer is rejected. */
  end(): void {
    this.#client.destroy();
  }

  #limiterOf(window: Window, points: number): RateLimiterRedis {
    const duration = keptSeconds(window);
    const key = `${duration} ${points}`;
    let limiter = this.#limiters.get(key);
    if (!limiter) {
      limiter = new RateLimiterRedis({
        storeClient: this.#client,
        useRedisPackage: true,
        keyPrefix: KEY_PREFIX,
        points,
        duration,
        customIncrTtlLuaScript: TAKE,
      });
      this.#limiters.set(key, limiter);
    }
    return limiter;
  }
}

/**
 * Rejects when no answer comes in time. Counted in steps, each of which the event loop must come round for: a process that
 * was busy for longer than Redis may take has answers that it did not read yet, and would count alone when it matters most.
 */
function inTime<Answer>(answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let left = STEPS;
    const timer = setInterval(() => {
      if (--left > 0) return;
      clearInterval(timer);
      reject(new Error(`it did not answer within ${ANSWER_WITHIN_MS} ms`));
    }, ANSWER_WITHIN_MS / STEPS);
    answer.then(resolve, reject).finally(() => clearInterval(timer));
  });
}

const CHECKED: Window = { key: 'check', seconds: 60 };

const newClient = (url: string) =>
  createClient({
    url,
    name: 'inevitable',
    disableOfflineQueue: true,
    commandOptions: { timeout: 0 }, // `inTime` is cheaper: this one makes an AbortSignal for each command
    socket: { connectTimeout: CONNECT_WITHIN_MS, reconnectStrategy: false },
  });

function placeOf(url: string): string {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || DEFAULT_PORT}`;
}

/** In words where an operator knows the code; the client's messages name no password. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ECONNREFUSED') return 'connection refused';
  if (/^(WRONGPASS|NOAUTH)/.test(message)) return 'it refuses the user or the password';
  return message;
}
