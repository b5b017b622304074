import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hostName, originReader } from './read-origin.js';

const read = originReader(['10.0.0.0/8']);

const request = (
  { host = 'graph.example.com', ...headers }: Readonly<Record<string, string>>,
  { remoteAddress = '10.0.0.1', encrypted = false } = {},
) =>
  ({
    headers,
    headersDistinct: { host: host.split('|') },
    socket: { remoteAddress, encrypted },
  }) as unknown as IncomingMessage;

describe('What a client asked', () => {
  it('is what its connection and its Host say', () => {
    expect(read(request({}))).toEqual({ scheme: 'http', host: 'graph.example.com' });
    expect(read(request({ host: 'a:8443' }, { encrypted: true }))).toEqual({ scheme: 'https', host: 'a:8443' });
  });

  it.each([
    [{ 'x-forwarded-proto': 'https' }, { scheme: 'https', host: 'graph.example.com' }],
    [
      { 'x-forwarded-proto': 'HTTPS', 'x-forwarded-host': 'shop.test' },
      { scheme: 'https', host: 'shop.test' },
    ],
    [{ 'x-forwarded-proto': 'https, http' }, { scheme: 'http', host: 'graph.example.com' }],
    [{ 'x-forwarded-host': 'evil.test, shop.test' }, { scheme: 'http', host: 'shop.test' }],
    [{ 'x-forwarded-proto': 'gopher' }, { scheme: 'http', host: 'graph.example.com' }],
    [{ 'x-forwarded-host': 'a@b' }, { scheme: 'http', host: null }],
    [{ host: 'a|b' }, { scheme: 'http', host: null }],
  ])('is what a proxy of ours says last of it: %j', (headers, origin) => {
    expect(read(request(headers as unknown as Record<string, string>))).toEqual(origin);
  });

  it('is never what anybody else says of it', () => {
    fc.assert(
      fc.property(fc.constantFrom('https', 'http', 'x'), fc.domain(), fc.boolean(), (proto, host, encrypted) => {
        const said = { 'x-forwarded-proto': proto, 'x-forwarded-host': host, forwarded: `proto=${proto};host=${host}` };
        for (const [reader, remoteAddress] of [
          [read, '192.0.2.1'],
          [originReader([]), '10.0.0.1'],
        ] as const)
          expect(reader(request(said, { remoteAddress, encrypted }))).toEqual({
            scheme: encrypted ? 'https' : 'http',
            host: 'graph.example.com',
          });
      }),
    );
  });
});

it.each([
  ['Graph.Example.com:8080', 'graph.example.com'],
  ['[::1]:80', '[::1]'],
  ['127.0.0.1', '127.0.0.1'],
])('The name of the host %s is %s', (host, name) => expect(hostName(host)).toBe(name));
