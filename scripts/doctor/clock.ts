import pg from 'pg';
import { ok, problem, warning, type Check, type Said } from './check.js';

const NOTICED_SECONDS = 2;
/** Tokens are compared with 30 s of leeway nowhere: an access token of 15 min is then shorter by as much. */
const HARMFUL_SECONDS = 30;

/** Our clock against the database's, which leases and schedules go by; and the offset that tests set. */
export const clockCheck = (now: () => number = Date.now): Check => ({
  name: 'clock',
  async run(patient) {
    const side = await patient.database().catch(() => null); // the database has a check of its own
    if (!side) return [];
    const asked = now();
    const answer = await patient
      .rows<{ at: number }>(side.url, 'select (extract(epoch from clock_timestamp()) * 1000)::float8 as at')
      .catch(() => []);
    if (!answer.length) return [];
    // The answer was made somewhere between the question and now.
    const skew = (answer[0]!.at - (asked + now()) / 2) / 1_000;
    return [skewSaid(skew), ...(await offsets((text) => patient.rows(side.url, text)))];
  },
});

function skewSaid(skew: number): Said {
  const seconds = Math.abs(skew).toFixed(1);
  if (Math.abs(skew) < NOTICED_SECONDS) return ok(`The database's clock and this one are ${seconds} s apart.`);
  const message = `The database's clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} this one.`;
  const remedy = 'Let both machines keep time by NTP: tokens, leases and schedules go by these clocks.';
  return Math.abs(skew) < HARMFUL_SECONDS ? warning(message, remedy) : problem(message, remedy);
}

async function offsets(rows: (text: string) => Promise<Record<string, unknown>[]>): Promise<Said[]> {
  const clocks = await rows("select table_schema as schema from information_schema.tables where table_name = 'clock'");
  const said = await Promise.all(
    clocks.map(async ({ schema }) => {
      const table = `${pg.escapeIdentifier(String(schema))}.clock`;
      const ahead = await rows(`select ahead::text as ahead from ${table} where ahead <> '0'`).catch(() => []);
      return ahead.map((row) =>
        warning(
          `Time in "${String(schema)}" is set ahead by ${String(row['ahead'])}, as tests do it.`,
          `Run: update ${table} set ahead = '0'`,
        ),
      );
    }),
  );
  return said.flat();
}
