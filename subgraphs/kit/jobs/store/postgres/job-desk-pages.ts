import type { JobFilter, JobPage, JobScope } from '../job-desk.js';
import { JOB_STATES, type SeenJob } from '../seen-jobs.js';
import { JOB_COLUMNS } from './job-columns.js';
import type { AskInScope } from './job-desk-scope.js';

const NEWEST = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/**
 * One page, newest first. Of each state, and where more than states narrows it of each name, the newest `take` ids are read
 * from an index that has all the rest in front of the id, and these few are merged. So a page costs the same among a
 * thousand jobs and among a million, whatever most of them are (tests/soak/job-pages.test.ts).
 */
export async function readPage(
  ask: AskInScope,
  scope: JobScope,
  filter: JobFilter,
  { take, afterId }: JobPage,
): Promise<SeenJob[]> {
  const { states = JOB_STATES, product, name, schedule } = filter;
  const tenantId = scope.kind === 'tenant' ? scope.tenantId : (filter.tenantId ?? null);
  if (filter.tenantId !== undefined && filter.tenantId !== tenantId) return [];
  if (name !== undefined && schedule !== undefined && name !== schedule) return [];

  const values: unknown[] = [afterId ?? NEWEST, take, states];
  const place = (value: unknown): string => `$${values.push(value)}`;
  const only = name ?? schedule; // a schedule has the name of the job it makes
  if (tenantId === null && only === undefined && product === undefined)
    return ask(newestOf('unnest($3::text[]) as s (state)', 'state = s.state'), values);

  const tenant = tenantId === null ? null : `${place(tenantId)}::uuid`;
  const names = only === undefined ? `job_names(${tenant ?? 'null'})` : `unnest(array[${place(only)}::text])`;
  const ofProduct = product === undefined ? '' : `where split_part(n, '.', 1) = ${place(product)}`;
  const scheduled = schedule === undefined ? '{true,false}' : '{true}';
  return ask(
    newestOf(
      `(select n as name from ${names} as n ${ofProduct}) n
         cross join unnest($3::text[]) as s (state) cross join unnest('${scheduled}'::boolean[]) as w (scheduled)`,
      `${tenant === null ? '' : `tenant_key = ${tenant} and `}name = n.name and state = s.state and scheduled = w.scheduled`,
    ),
    values,
  );
}

/** `combinations`: of what the index begins with; `entry`: one of them. $1: ids below it; $2: how many. */
const newestOf = (combinations: string, entry: string): string => `
  select ${JOB_COLUMNS} from (
    select newest.id from ${combinations}
    cross join lateral (select id from jobs where ${entry} and id < $1::uuid order by id desc limit $2) newest
    order by newest.id desc limit $2) page
  join jobs j using (id) left join definitions d on d.name = j.name order by id desc`;
