import { describe, expect, it } from '@jest/globals';
import { BadSchedule, readSchedule, type JobSchedule } from './job-schedule.js';

/** The whole sentence a declaration is refused with; fails the test when it is not refused. */
function refusal(schedule: JobSchedule): string {
  try {
    readSchedule('billing.close-month', schedule);
  } catch (error) {
    expect(error).toBeInstanceOf(BadSchedule);
    return (error as Error).message;
  }
  throw new Error(`${JSON.stringify(schedule)} was read`);
}

const notCron = (cron: string, why: string) =>
  `Job "billing.close-month" cannot be scheduled: "${cron}" is not a cron expression (${why}). ` +
  'Five fields (minute, hour, day of month, month, day of week), or six with seconds first.';

describe('A schedule', () => {
  it('goes by UTC, skips what would overlap and catches up on the latest, unless told', () => {
    expect(readSchedule('billing.close-month', { cron: '0 2 * * *' })).toMatchObject({
      cron: '0 2 * * *',
      timezone: 'UTC',
      overlap: 'skip',
      catchUp: 'last',
    });
    const told = { cron: '0 2 * * *', timezone: 'Asia/Kolkata', overlap: 'queue', catchUp: 'all' } as const;
    expect(readSchedule('billing.close-month', told)).toMatchObject(told);
  });

  it.each([
    ['', 'it is empty'],
    ['* * * *', 'its fields are 4'],
    ['* * * * * * *', 'its fields are 7'],
    ['@reboot', 'its fields are 1'],
    ['@daily', 'its fields are 1'],
    ['61 * * * *', 'Constraint error, got value 61 expected range 0-59'],
    ['60 * * * * *', 'Constraint error, got value 60 expected range 0-59'],
    ['* 24 * * *', 'Constraint error, got value 24 expected range 0-23'],
    ['0 0 0 * *', 'Constraint error, got value 0 expected range 1-31'],
    ['0 0 * 13 *', 'Constraint error, got value 13 expected range 1-12'],
    ['0 0 * * 8', 'Constraint error, got value 8 expected range 0-7'],
    ['30-10 * * * *', 'Invalid range: 30-10, min(30) > max(10)'],
    ['0,,5 * * * *', 'Invalid list value format'],
    ['*/0 * * * *', 'Constraint error, cannot repeat at every 0 time.'],
    ['*/90 * * * *', '"*/90" steps over all 60 values of a minute'],
    ['0 0 * * */8', '"*/8" steps over all 7 values of a day of week'],
    ['H * * * *', '"H" is no minute'],
    ['0 H(1-5) * * *', '"H(1-5)" is no hour'],
    ['0 0 ? * *', '"?" is no day of month'],
    ['0 0 15W * *', '"15W" is no day of month'],
    ['0 0 1L * *', '"1L" is no day of month'],
    ['0 0 L-3 * *', '"L-3" is no day of month'],
    ['0 0 * H *', '"H" is no month'],
    ['0 0 * MON *', '"MON" is no month'],
    ['0 0 * * JAN', '"JAN" is no day of week'],
    ['0 0 * * MONDAY', '"MONDAY" is no day of week'],
    ['0 0 * * 5L', '"5L" is no day of week'],
    ['0 0 * * 5#3', '"5#3" is no day of week'],
  ])('is refused for "%s", in words that say what is wrong', (cron, why) => {
    expect(refusal({ cron })).toBe(notCron(cron, why));
  });

  it.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 30-31 2 *', '0 0 0 30 FEB *'])(
    'is refused for "%s", which never comes due',
    (cron) => {
      expect(refusal({ cron })).toBe(
        `Job "billing.close-month" cannot be scheduled: "${cron}" never comes due: no month it names has that day.`,
      );
    },
  );

  it.each(['0 0 29 2 *', '0 0 30 1-3 *', '0 0 30 2 MON', '0 0 L 2 *'])(
    'is read for "%s", which comes due, if seldom',
    (cron) => {
      expect(readSchedule('billing.close-month', { cron })).toMatchObject({ cron });
    },
  );

  it.each(['Mars/Base', '', '+02:00', 'UTC+2', 'Europe/Berlin '])('is refused for the time zone "%s"', (timezone) => {
    expect(refusal({ cron: '0 2 * * *', timezone })).toBe(
      `Job "billing.close-month" cannot be scheduled: "0 2 * * *" is to go by "${timezone}", which is no time zone. ` +
        'Write an IANA name, such as "Europe/Berlin".',
    );
  });

  it('is refused for an option it does not have, or a value the option does not take', () => {
    expect(refusal({ cron: '0 2 * * *', overlap: 'never', timeZone: 'UTC' } as unknown as JobSchedule)).toBe(
      'Job "billing.close-month" cannot be scheduled: {"cron":"0 2 * * *","overlap":"never","timeZone":"UTC"} is not a ' +
        'schedule (overlap: Invalid option: expected one of "skip"|"queue"|"allow"; Unrecognized key: "timeZone").',
    );
  });
});
