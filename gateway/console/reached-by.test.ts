import { expect, it } from '@jest/globals';
import { isReachedBy } from './reached-by.js';

it.each([
  '127.0.0.1:8080',
  '192.168.1.7',
  '[::1]:8080',
  'localhost',
  'LocalHost:8080',
  'localhost.:8080',
  'acme.localhost:8080',
  'Stack.Example:8443',
])('%s is how the page is meant to be reached', (host) => {
  expect(isReachedBy(host, ['stack.example'])).toBe(true);
});

it.each([
  undefined,
  '',
  'evil.test',
  'evil.test:8080',
  '127.0.0.1.evil.test',
  'localhost.evil.test',
  'notlocalhost',
  'stack.example.evil.test',
  'evil.test/127.0.0.1',
  'evil.test#127.0.0.1',
  'a b',
])('%p is not', (host) => {
  expect(isReachedBy(host, ['stack.example'])).toBe(false);
});
