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

const keepDaysOf = (days: string): number => readSettings({ JOBS_KEEP_DAYS: days }, '/clone').jobsKeepDays;

describe('JOBS_KEEP_DAYS', () => {
  it.each([
    ['1', 1],
    ['30', 30],
    ['3650', 3_650],
  ])('may be %s', (given, days) => expect(keepDaysOf(given)).toBe(days));

  it('is 14 where it is not set, or empty', () => {
    expect(keepDaysOf('')).toBe(14);
    expect(readSettings({}, '/clone').jobsKeepDays).toBe(14);
  });

  it.each(['0', '-1', '1.5', '3651', 'a week'])('that cannot be used is refused: %s', (given) => {
    expect(() => keepDaysOf(given)).toThrow(BadSetting);
    expect(() => keepDaysOf(given)).toThrow(`JOBS_KEEP_DAYS ("${given}") cannot be used: `);
  });
});
