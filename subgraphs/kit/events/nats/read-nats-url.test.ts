import { describe, expect, it } from '@jest/globals';
import { readNatsUrl } from './read-nats-url.js';

describe('A NATS URL', () => {
  it.each([
    ['nats://nats.example.com', { servers: 'nats.example.com:4222' }],
    ['nats://10.0.0.7:4333', { servers: '10.0.0.7:4333' }],
    ['nats://[::1]:4333', { servers: '[::1]:4333' }],
    ['tls://nats.example.com', { servers: 'nats.example.com:4222', tls: {} }],
    ['nats://stack:p%40ss@nats', { servers: 'nats:4222', user: 'stack', pass: 'p@ss' }],
    ['nats://stack:100%@nats', { servers: 'nats:4222', user: 'stack', pass: '100%' }],
    ['nats://a-token@nats', { servers: 'nats:4222', token: 'a-token' }],
  ])('%s says where the server is, and who asks', (url, options) => {
    expect(readNatsUrl(url)).toEqual({ place: options.servers, options });
  });
});
