import { memoryCounters, type Counters, type GatewayOptions, type ProtectionSettings } from '@inevitable/gateway';
import type { Logger } from 'pino';
import type { Settings } from '../settings/settings.js';
import type { Closers } from './closers.js';

/** REDIS_URL is set, and Redis cannot be used; the message says why. */
export class RedisNotUsable extends Error {}

/** What the gateway limits, and where it counts: in Redis where REDIS_URL is set. Throws `RedisNotUsable`. */
export async function openRateLimits(
  { rateLimits: mode = 'enforce', redisUrl }: Pick<Settings, 'rateLimits' | 'redisUrl'>,
  { rate_limits: settings }: ProtectionSettings,
  closers: Closers,
  log: Logger,
): Promise<GatewayOptions['rateLimits']> {
  if (mode === 'off') return undefined;
  const counters = await openCounters(redisUrl, log);
  closers.add('rate limits', () => counters.close());
  return { mode, settings, counters };
}

async function openCounters(redisUrl: string | undefined, log: Logger): Promise<Counters> {
  if (redisUrl === undefined) return memoryCounters();
  // Redis' client takes a while to load, and most processes have none.
  const { redisCounters, RedisUnavailable } = await import('@inevitable/gateway/redis-counters');
  try {
    return await redisCounters(redisUrl, { log });
  } catch (error) {
    if (!(error instanceof RedisUnavailable)) throw error;
    throw new RedisNotUsable(`REDIS_URL is set, and ${error.message}. Start it, correct REDIS_URL, or unset it.`);
  }
}
