import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { queueMail } from '../mail/queue-mail.js';
import { openTestIdentity, type TestIdentity } from '../testing/open-test-identity.js';
import { removeOutdated } from './remove-outdated.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const kept = async () =>
  (
    await test.rows<Record<string, string[]>>(
      `select array(select recipient from mails order by 1) as mails, array(select email from sign_ups) as "signUps",
         array(select email from one_time_tokens) as "oneTimeTokens"`,
    )
  )[0];
const mail = (recipient: string) =>
  queueMail(test.flows.db.rows, test.flows.seal, { recipient, kind: 'a-kind', subject: 'S', text: 'T' });

describe('Removing what is outdated', () => {
  it('removes sign-ups and links when they are over, sent mails after a week and unsent ones after 30 days', async () => {
    const signUp = { email: 'a@new.test', password: 'tractor in a pond', displayName: 'A' };
    await test.post('/auth/register', { ...signUp, tenant: { slug: 'aa', name: 'A' } });
    await test.post('/auth/reset-password', { email: 'ada@acme.test' });
    await test.rows('truncate mails');
    await mail('sent@acme.test');
    await test.rows('update mails set sent_at = stack_now()');
    await mail('unsent@acme.test');

    expect(await removeOutdated(test.flows.db)).toEqual({});
    await test.advance('31 minutes');
    expect(await removeOutdated(test.flows.db)).toEqual({ oneTimeTokens: 1 });
    await test.advance('1 day');
    expect(await removeOutdated(test.flows.db)).toEqual({ signUps: 1 });
    await test.advance('5 days');
    expect(await kept()).toEqual({ mails: ['sent@acme.test', 'unsent@acme.test'], signUps: [], oneTimeTokens: [] });
    await test.advance('1 day');
    expect(await removeOutdated(test.flows.db)).toEqual({ mails: 1 });
    expect(await kept()).toMatchObject({ mails: ['unsent@acme.test'] });
    await test.advance('23 days');
    expect(await test.identity.maintenance.removeExpired()).toMatchObject({ mails: 1, sessions: 0 });
  });

  it('stops between two steps when it is told to', async () => {
    const stopped = AbortSignal.abort(new Error('the worker stops'));
    await expect(removeOutdated(test.flows.db, stopped)).rejects.toThrow('the worker stops');
  });
});
