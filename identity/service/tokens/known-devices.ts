import { randomBytes } from 'node:crypto';
import type { UserId } from '@inevitable/contract';
import type { Rows } from '../store/system-database.js';
import { hashOf } from './refresh-tokens.js';

/** A device is forgotten when nobody signed in from it for so long. */
export const KNOWN_DEVICE_DAYS = 180;
/** The ones seen last are kept: a client that keeps no token makes a new device at each sign-in. */
const DEVICES_OF_ONE_PERSON = 50;

/** Whose device it is, if it is one of the person with this login. The same look-up for every login and token. */
export async function findKnownDevice(
  rows: Rows,
  login: string,
  token: string,
): Promise<{ readonly userId: UserId; readonly hash: Buffer } | null> {
  const hash = hashOf(token);
  const [device] = await rows<{ userId: UserId }>(
    `select d.user_id as "userId" from known_devices d join users u on u.id = d.user_id
     where d.hash = $1 and (u.email = $2 or u.username = $2)
       and d.last_seen_at > stack_now() - make_interval(days => ${KNOWN_DEVICE_DAYS})`,
    [hash, login],
  );
  return device ? { ...device, hash } : null;
}

/**
 * The token of the device that a person has signed in from: the presented one where it is theirs, else a new one. Another
 * person's is not taken over, since whoever planted it would know it.
 */
export async function rememberDevice(rows: Rows, userId: UserId, presented: string | null): Promise<string> {
  const known = await rows(
    'update known_devices set last_seen_at = stack_now() where user_id = $1 and hash = $2 returning hash',
    [userId, presented === null ? null : hashOf(presented)],
  );
  if (presented !== null && known.length > 0) return presented;
  const token = randomBytes(32).toString('base64url');
  await rows(
    `with forgotten as (
       delete from known_devices where user_id = $1 and hash in (
         select hash from known_devices where user_id = $1
         order by last_seen_at desc, hash offset ${DEVICES_OF_ONE_PERSON - 1} for update skip locked))
     insert into known_devices (user_id, hash) values ($1, $2)`,
    [userId, hashOf(token)],
  );
  return token;
}
