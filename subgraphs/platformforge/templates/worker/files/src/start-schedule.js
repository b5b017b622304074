import { Cron } from 'croner';

/** Calls `due` whenever the schedule says so. What `due` does with its errors is its own business. */
export function startSchedule({ schedule, timezone }, due) {
  const cron = new Cron(schedule, { timezone }, due);
  return {
    stop: () => cron.stop(),
    /** ISO 8601, or null once it has been stopped. */
    nextRunAt: () => cron.nextRun()?.toISOString() ?? null,
  };
}
