import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@inevitable/contract';
import {
  anonymous,
  contextOfToken,
  DEMO_PASSWORD,
  openTestIdentity,
  type TestIdentity,
} from '../../testing/open-test-identity.js';
import { addMember } from '../members/add-member.js';
import { createUser } from './create-user.js';

let test: TestIdentity;
beforeAll(async () => {
  test = await openTestIdentity();
});
afterAll(() => test.close());

const accepted = { data: { changeEmail: { accepted: true } } };
const noLongerHolds = {
  message: 'This link does not work any more. Ask for a new one.',
  extensions: { code: 'UNAUTHENTICATED' },
};

/** A member of acme of their own for one test, signed in. */
async function newMember(username: string) {
  const email = `${username}@acme.test`;
  const userId = await createUser({ email, username, displayName: username, password: DEMO_PASSWORD }, test.flows);
  await addMember({ tenantId: await test.tenantId('acme'), userId, roles: ['member'] }, test.flows);
  const { body } = await test.post('/auth/login', { username, password: DEMO_PASSWORD });
  return { userId, email, context: contextOfToken(body.accessToken), refreshToken: body.refreshToken };
}

const change = (context: RequestContext, email: string) =>
  test.ask('mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) { accepted } }', context, {
    input: { email },
  });
const confirm = (token: string | undefined, context: RequestContext = anonymous) =>
  test.ask('mutation ($input: ConfirmChangeEmailInput!) { confirmChangeEmail(input: $input) { email } }', context, {
    input: { token },
  });
const update = (context: RequestContext, input: object) =>
  test.ask(
    'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { username displayName } } }',
    context,
    { input },
  );
const kindsTo = async (email: string) => (await test.mails(email)).map(({ kind }) => kind);
const tokenTo = async (email: string) => /#token=([\w-]+)/.exec((await test.mails(email)).at(-1)!.text)![1];
const emailOf = async (id: string) => (await test.rows('select email from users where id = $1', [id]))[0];
const refresh = async (refreshToken: string) => (await test.post('/auth/refresh', { refreshToken })).status;

describe('Changing the e-mail address', () => {
  it('waits for the link in the mail to the new one; the old one is told before and after', async () => {
    const { context, email, userId } = await newMember('moving');
    expect(await change(context, 'Moved@acme.test ')).toEqual(accepted);
    expect(await emailOf(userId)).toEqual({ email });
    expect(await kindsTo(email)).toEqual(['email-change-asked']);
    expect(await kindsTo('moved@acme.test')).toEqual(['change-email']);
    const token = await tokenTo('moved@acme.test');
    expect(await confirm(token)).toEqual({ data: { confirmChangeEmail: { email: 'moved@acme.test' } } });
    expect(await emailOf(userId)).toEqual({ email: 'moved@acme.test' });
    expect(await kindsTo(email)).toEqual(['email-change-asked', 'email-changed']);
    expect((await confirm(token)).errors).toMatchObject([noLongerHolds]);
    const signIn = (address: string) => test.post('/auth/login', { email: address, password: DEMO_PASSWORD });
    expect([(await signIn('moved@acme.test')).status, (await signIn(email)).status]).toEqual([200, 401]);
  });

  it('needs a sign-in of the last ten minutes, which a refresh is not', async () => {
    const { context, refreshToken, email } = await newMember('idle');
    await test.advance('11 minutes');
    const { body } = await test.post('/auth/refresh', { refreshToken });
    for (const stale of [context, contextOfToken(body.accessToken)]) {
      expect((await change(stale, 'idle@new.test')).errors).toMatchObject([
        { extensions: { code: 'FORBIDDEN', reason: 'fresh-sign-in' } },
      ]);
    }
    expect([await kindsTo(email), await kindsTo('idle@new.test')]).toEqual([[], []]);
  });

  it("answers the same for another account's address, and mails that one's owner alone", async () => {
    const { context, email, userId } = await newMember('curious');
    expect(await change(context, 'GUS@globex.test')).toEqual(accepted);
    expect(await change(context, 'nobody@globex.test')).toEqual(accepted);
    expect(await kindsTo('gus@globex.test')).toEqual(['account-exists']);
    expect(await kindsTo(email)).toEqual(['email-change-asked', 'email-change-asked']);
    expect(await emailOf(userId)).toEqual({ email });
  });

  it('ends every session but the one it is confirmed in', async () => {
    const { context, refreshToken } = await newMember('several');
    const other = (await test.post('/auth/login', { username: 'several', password: DEMO_PASSWORD })).body;
    await change(context, 'several@new.test');
    await confirm(await tokenTo('several@new.test'), context);
    expect([await refresh(refreshToken), await refresh(other.refreshToken)]).toEqual([200, 401]);
  });

  it("does not hold in another person's session, and goes on working without one, as where a mail app opens it", async () => {
    const { context, email, userId } = await newMember('sender');
    await change(context, 'of-somebody@new.test');
    const token = await tokenTo('of-somebody@new.test');
    expect((await confirm(token, await test.as('bob'))).errors).toMatchObject([noLongerHolds]);
    const impersonated = { ...context.caller, actor: await test.userId('root') } as RequestContext['caller'];
    expect((await confirm(token, { ...context, caller: impersonated })).errors).toMatchObject([noLongerHolds]);
    expect(await emailOf(userId)).toEqual({ email });
    expect((await test.audit(null)).at(-1)).toMatchObject({
      action: 'identity.confirm-email-change',
      outcome: 'refused',
      reason: "opened in another person's session",
      subject: { type: 'User', id: userId },
    });
    expect(await confirm(token)).toEqual({ data: { confirmChangeEmail: { email: 'of-somebody@new.test' } } });
  });

  it('is void after an hour, after a new password, and after another change of the address', async () => {
    const late = await newMember('late');
    await change(late.context, 'late@new.test');
    await test.advance('61 minutes');
    expect((await confirm(await tokenTo('late@new.test'))).errors).toMatchObject([noLongerHolds]);

    const robbed = await newMember('robbed');
    await change(robbed.context, 'thief@new.test');
    await test.post('/auth/reset-password', { email: robbed.email });
    await test.post('/auth/reset-password', { token: await tokenTo(robbed.email), password: 'tractor in a pond' });
    expect((await confirm(await tokenTo('thief@new.test'))).errors).toMatchObject([noLongerHolds]);

    const twice = await newMember('twice');
    await change(twice.context, 'one@new.test');
    await change(twice.context, 'two@new.test');
    expect((await confirm(await tokenTo('two@new.test'))).data.confirmChangeEmail).toEqual({ email: 'two@new.test' });
    expect((await confirm(await tokenTo('one@new.test'))).errors).toMatchObject([noLongerHolds]);
  });

  it('voids a link to a new password that was sent to the old address', async () => {
    const { context, email } = await newMember('careful');
    await test.post('/auth/reset-password', { email });
    const reset = await tokenTo(email);
    await change(context, 'careful@new.test');
    await confirm(await tokenTo('careful@new.test'));
    const answer = await test.post('/auth/reset-password', { token: reset, password: 'tractor in a pond' });
    expect(answer.status).toBe(401);
  });

  it('gives one address to one of two accounts that want it at once', async () => {
    const [one, two] = [await newMember('one-of-two'), await newMember('two-of-two')];
    await change(one.context, 'wanted@new.test');
    const first = await tokenTo('wanted@new.test');
    await change(two.context, 'wanted@new.test');
    const second = await tokenTo('wanted@new.test');
    const answers = await Promise.all([confirm(first), confirm(second), confirm(first)]);
    expect(answers.filter(({ data }) => data.confirmChangeEmail !== null)).toHaveLength(1);
    expect(await test.rows(`select from users where email = 'wanted@new.test'`)).toHaveLength(1);
    const refusals = answers.flatMap(({ errors = [] }) => errors as { extensions: { code: string } }[]);
    for (const { extensions } of refusals) expect(['CONFLICT', 'UNAUTHENTICATED']).toContain(extensions.code);
  });

  it('has the same link over HTTP, which no cache keeps', async () => {
    const { context } = await newMember('by-http');
    await change(context, 'by-http@new.test');
    const answer = await test.post('/auth/change-email', { token: await tokenTo('by-http@new.test') });
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.body).toEqual({ email: 'by-http@new.test' });
  });

  it('is in the audit, with the addresses as personal data', async () => {
    const { context, userId } = await newMember('audited');
    await change(context, 'audited@new.test');
    await confirm(await tokenTo('audited@new.test'));
    const ofTenant = (await test.audit(await test.tenantId('acme'))).filter(({ subject }) => subject?.id === userId);
    expect(ofTenant).toEqual([]); // whoever reads it would learn which addresses have an account
    const records = (await test.audit(null)).slice(-2);
    expect(records).toMatchObject([
      { action: 'identity.start-email-change', outcome: 'success', actor: { kind: 'user', id: userId } },
      { action: 'identity.confirm-email-change', outcome: 'success', subject: { type: 'User', id: userId } },
    ]);
    expect(JSON.stringify(records)).not.toContain('.test');
  });
});

describe('A profile', () => {
  it('changes where it is told to, and stays elsewhere', async () => {
    const { context } = await newMember('plain');
    const after = async (input: object) => (await update(context, input)).data.updateProfile.user;
    expect(await after({ displayName: 'Plain Jane' })).toEqual({ username: 'plain', displayName: 'Plain Jane' });
    expect(await after({ username: ' PLAINER' })).toEqual({ username: 'plainer', displayName: 'Plain Jane' });
    expect(await after({ username: null })).toEqual({ username: null, displayName: 'Plain Jane' });
    expect(await after({})).toEqual({ username: null, displayName: 'Plain Jane' });
    expect((await test.audit(await test.tenantId('acme'))).slice(-4)).toMatchObject(
      [['displayName'], ['username'], ['username'], []].map((changed) => ({
        action: 'identity.update-profile',
        details: { changed },
      })),
    );
  });

  it.each([
    [{ username: 'ada@acme.test' }, 'input.username'],
    [{ displayName: 'Two\nlines' }, 'input.displayName'],
    [{ displayName: '' }, 'input.displayName'],
  ])('refuses %j', async (input, field) => {
    expect((await update(await test.as('bob'), input)).errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', field } },
    ]);
  });

  it('tells of a user name that is taken, in whatever spelling, ten times an hour at most', async () => {
    const { context } = await newMember('seeker');
    const codes = [];
    for (let n = 0; n < 11; n++)
      codes.push((await update(context, { username: ' GUS' })).errors[0].extensions.code as string);
    expect(codes).toEqual([...Array<string>(10).fill('CONFLICT'), 'RATE_LIMITED']);
  });
});
