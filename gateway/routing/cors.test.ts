import { describe, expect, it } from '@jest/globals';
import { corsOf, readCorsRule, type CorsRule } from './cors.js';

describe('A rule', () => {
  it.each([
    ['https://app.example.com', { host: null, origin: 'https://app.example.com' }],
    ['https://App.example.com:443', { host: null, origin: 'https://app.example.com' }],
    ['http://localhost:3000', { host: null, origin: 'http://localhost:3000' }],
    ['https://*.example.com', { host: null, origin: 'https://*.example.com' }],
    ['*', { host: null, origin: '*' }],
    ['Shop.test=https://app.test', { host: 'shop.test', origin: 'https://app.test' }],
    ['*.shop.test=*', { host: '*.shop.test', origin: '*' }],
  ])('may be %s', (text, rule) => expect(readCorsRule(text)).toEqual(rule));

  it.each(['', 'app.example.com', 'https://', 'https://a/', 'https://a/path', 'ftp://a', 'null', 'https://*', '*.a'])(
    'may not be %j',
    (text) => expect(readCorsRule(text)).toBeNull(),
  );
});

describe('A page', () => {
  const rules = ['https://app.test', 'https://*.apps.test', 'shop.test=https://shop-app.test', 'open.test=*'].map(
    (text) => readCorsRule(text) as CorsRule,
  );
  const cors = corsOf(rules);
  const allowed = (host: string, origin: string) => {
    const headers = cors.answerHeaders(host, origin);
    expect(cors.preflightHeaders(host, origin) === null).toBe(headers === null);
    return headers && [headers[1], headers.includes('access-control-allow-credentials')];
  };

  it.each([
    ['graph.test', 'https://app.test', ['https://app.test', true]],
    ['graph.test', 'https://a.apps.test', ['https://a.apps.test', true]],
    ['graph.test', 'https://a.b.apps.test', ['https://a.b.apps.test', true]],
    ['shop.test', 'https://shop-app.test', ['https://shop-app.test', true]],
    ['open.test', 'https://anybody.test', ['*', false]],
    ['open.test', 'null', ['*', false]],
    ['open.test', 'https://app.test', ['https://app.test', true]],
  ])('on %s, of %s, may read', (host, origin, how) => expect(allowed(host, origin)).toEqual(how));

  it.each([
    ['graph.test', 'https://shop-app.test'],
    ['graph.test', 'http://app.test'],
    ['graph.test', 'https://app.test:8443'],
    ['graph.test', 'https://app.test.evil.test'],
    ['graph.test', 'https://evilapp.test'],
    ['graph.test', 'https://apps.test'],
    ['graph.test', 'https://evil.test/.apps.test'],
    ['graph.test', 'http://a.apps.test'],
    ['graph.test', 'null'],
    ['evil.open.test', 'https://anybody.test'],
  ])('on %s, of %s, may not', (host, origin) => expect(allowed(host, origin)).toBeNull());
});
