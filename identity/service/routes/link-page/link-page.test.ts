import { createHash } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { changeEmailMail, resetPasswordMail, verifyEmailMail, type LinkToMail } from '../../mail/account-mails.js';
import { accountRoutes } from '../account-routes.js';
import { serveLinkPage } from './serve-link-page.js';

const TOKEN = 'what-the-link-carries';
const linkTo: LinkToMail = { recipient: 'ada@acme.test', publicUrl: 'https://stack.test', token: TOKEN };
const MAILS = [verifyEmailMail({ ...linkTo, slug: 'acme' }), resetPasswordMail(linkTo), changeEmailMail(linkTo)];
const linkIn = ({ text }: { text: string }) => new URL(/^https:.*$/m.exec(text)![0]);

/** Runs the page's script as a browser would at `link`, with a server that answers `status`. */
async function opened(link: URL, status: number, values: Readonly<Record<string, string>> = {}) {
  const [, script] = /<script>([^]*?)<\/script>/.exec(await serveLinkPage().text())!;
  interface Element {
    value: string;
    hidden: boolean;
    textContent: string;
    autocomplete?: string;
    addEventListener(type: string, listen: (event: { preventDefault(): void }) => Promise<void>): void;
  }
  const elements = new Map<string, Element>();
  let submit = (): Promise<void> => Promise.reject(new Error('nothing to press'));
  const byId = (id: string): Element => {
    const known = elements.get(id);
    if (known) return known;
    const element: Element = {
      value: values[id] ?? '',
      hidden: id.endsWith('-label'),
      textContent: '',
      addEventListener: (_type, listen) => (submit = () => listen({ preventDefault: () => undefined })),
    };
    elements.set(id, element);
    return element;
  };
  const sent: { path: string; body: unknown }[] = [];
  const shownAddresses: string[] = [];
  const answer = { ok: status === 200, status, json: async () => ({ error: { message: 'What went wrong.' } }) };
  runInNewContext(script!, {
    URLSearchParams,
    document: { getElementById: byId },
    location: { pathname: link.pathname, hash: link.hash },
    history: { replaceState: (_state: null, _title: string, address: string) => shownAddresses.push(address) },
    fetch: async (path: string, { body }: { body: string }) => (sent.push({ path, body: JSON.parse(body) }), answer),
  });
  return { sent, shownAddresses, press: () => submit(), byId };
}

describe('A link in a mail', () => {
  it.each(MAILS.map((mail) => [mail.kind, mail] as const))('leads to a page of ours: %s', (_kind, mail) => {
    const routes = accountRoutes({} as never);
    const { origin, pathname } = linkIn(mail);
    expect(origin).toBe('https://stack.test');
    expect(Object.keys(routes)).toEqual(expect.arrayContaining([`GET ${pathname}`, `POST ${pathname}`]));
  });

  it('carries its token where no server and no log sees it', () => {
    for (const mail of MAILS) {
      const { hash, pathname, search } = linkIn(mail);
      expect([hash, search, pathname.includes(TOKEN)]).toEqual([`#token=${TOKEN}`, '', false]);
    }
  });
});

describe('The page of a link', () => {
  it('sends what the link carries once a button is pressed, and not when it is only looked at', async () => {
    const { sent, shownAddresses, press, byId } = await opened(linkIn(MAILS[2]!), 200);
    expect(sent).toEqual([]);
    expect(shownAddresses).toEqual(['/auth/change-email']);
    expect([byId('password-label').hidden, byId('advice').hidden]).toEqual([true, true]);
    await press();
    expect(sent).toEqual([{ path: '/auth/change-email', body: { token: TOKEN } }]);
    expect(byId('said').textContent).toBe('Your account has this address now.');
  });

  it('asks who confirms a sign-up for the password they chose, and tells everybody else to do nothing', async () => {
    const { sent, press, byId } = await opened(linkIn(MAILS[0]!), 200, { password: 'tractor in a pond' });
    expect([byId('password-label').hidden, byId('password').autocomplete]).toEqual([false, 'current-password']);
    expect(byId('password-text').textContent).toBe('The password you chose when you signed up');
    expect([byId('advice').hidden, byId('advice').textContent]).toEqual([false, 'If you did not sign up, do nothing.']);
    await press();
    expect(sent).toEqual([{ path: '/auth/verify-email', body: { token: TOKEN, password: 'tractor in a pond' } }]);
    expect(byId('said').textContent).toBe('Your account is made. You can sign in now.');
    expect([byId('form').hidden, byId('advice').hidden]).toEqual([true, true]);
  });

  it('asks for a new password where there is one to choose, and says what is wrong with it', async () => {
    const { sent, press, byId } = await opened(linkIn(MAILS[1]!), 400, { password: 'tractor in a pond' });
    expect([byId('password-label').hidden, byId('password').autocomplete]).toEqual([false, 'new-password']);
    await press();
    expect(sent).toEqual([{ path: '/auth/reset-password', body: { token: TOKEN, password: 'tractor in a pond' } }]);
    expect(byId('said').textContent).toBe('What went wrong.');
    expect(byId('form').hidden).toBe(false);
  });

  it('asks for other names when one was taken meanwhile', async () => {
    const { press, byId } = await opened(linkIn(MAILS[0]!), 409);
    expect([byId('username-label').hidden, byId('slug-label').hidden]).toEqual([true, true]);
    await press();
    expect([byId('username-label').hidden, byId('slug-label').hidden]).toEqual([false, false]);
  });

  it('runs and is styled by what is written in it, and nothing else', async () => {
    const response = serveLinkPage();
    const text = await response.text();
    const hashed = (element: string): string => {
      const [[, content] = [], ...more] = text.matchAll(new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, 'g'));
      expect(more).toEqual([]);
      return `'sha256-${createHash('sha256').update(content!).digest('base64')}'`;
    };
    expect(response.headers.get('content-security-policy')).toBe(
      `default-src 'none'; script-src ${hashed('script')}; style-src ${hashed('style')}; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(text).not.toMatch(/\b(?:src|href)=|https?:|innerHTML|document\.write|eval\(|\son\w+="|Storage|cookie/);
  });
});
