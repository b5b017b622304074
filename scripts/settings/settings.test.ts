import { describe, expect, it } from '@jest/globals';
import { BadSetting, readSettings } from './settings.js';

const natsUrlOf = (url: string): string | undefined => readSettings({ NATS_URL: url }, '/clone').natsUrl;

describe('NATS_URL', () => {
  it.each(['nats://localhost', 'nats://stack:a-secret@nats:4222', 'tls://token@nats.example.com:4443'])(
    'may be %s',
    (url) => expect(natsUrlOf(url)).toBe(url),
  );

  it('that is empty is not set', () => expect(natsUrlOf('')).toBeUndefined());

  it.each(['http://stack:a-secret@nats', 'nats:a-secret', 'nats:///a-secret', 'a-secret', 'nats://nats:a-secret'])(
    'that cannot be used is refused, and not repeated: %s',
    (url) => {
      expect(() => natsUrlOf(url)).toThrow(BadSetting);
      expect(() => natsUrlOf(url)).toThrow(/^NATS_URL cannot be used: (?!.*a-secret)/);
    },
  );
});
