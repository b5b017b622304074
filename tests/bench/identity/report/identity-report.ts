import { fixed, textTable } from '../../report/text-table.js';
import { WAYS } from '../runs/reserve.js';
import type { Results } from '../runs/results.js';
import { KINDS } from '../runs/timing.js';
import { promisesOf } from './promises.js';

/** A table for each run, and what is promised of them. */
export function identityReport(results: Results): string {
  const { reserve, verification, timing, 'sign-in': signIn, revocation } = results;
  const tables: string[] = [];
  if (reserve)
    tables.push(
      textTable(
        [`reserve, ${reserve.callers} callers, one row`, 'per second', 'of bare', 'CPU µs (this process)'],
        WAYS.map((way) => [
          way,
          fixed(reserve.rates[way].perSecond, 0),
          fixed(reserve.ratios[way], 2),
          fixed(reserve.rates[way].cpuUs, 0),
        ]),
      ),
    );
  if (verification)
    tables.push(
      textTable(
        ['verification of a token', 'µs', 'of jwt.verify'],
        [
          ['known', fixed(verification.cachedUs, 2), fixed(verification.cachedUs / verification.bareUs, 3)],
          ['new', fixed(verification.uncachedUs, 0), fixed(verification.ratio, 2)],
          ['jwt.verify alone', fixed(verification.bareUs, 0), '1.00'],
        ],
      ),
    );
  if (timing)
    tables.push(
      textTable(
        [`refused sign-in, ${timing.samples} each`, 'median ms'],
        KINDS.map((kind) => [kind, fixed(timing.medians[kind], 1)]),
      ),
    );
  if (signIn)
    tables.push(
      textTable(
        ['signing in at saturation', 'figure'],
        [
          ['sign-ins per second', fixed(signIn.perSecond, 1)],
          ['Argon2id alone, per second', fixed(signIn.barePerSecond, 1)],
          ['of Argon2id alone', fixed(signIn.ratio, 2)],
          ['CPU ms of the stack each', fixed(signIn.cpuMs, 1)],
          ['CPU ms of Argon2id alone', fixed(signIn.bareCpuMs, 1)],
          [`queries meanwhile (${signIn.queries.count}), p50 ms`, fixed(signIn.queries.p50Ms, 1)],
          ['queries meanwhile, p99 ms', fixed(signIn.queries.p99Ms, 1)],
          ['queries with nothing else to do, p99 ms', fixed(signIn.quiet.p99Ms, 1)],
        ],
      ),
    );
  if (revocation)
    tables.push(
      textTable(
        [`from signing out to refusal, ${revocation.samples} sessions`, 's'],
        [
          ['p50', fixed(revocation.p50Ms / 1_000, 2)],
          ['p99', fixed(revocation.p99Ms / 1_000, 2)],
        ],
      ),
    );
  const promises = promisesOf(results).map(({ holds, what }) => `${holds ? 'OK' : 'NO'}  ${what}`);
  return `\n${tables.join('\n')}\n${promises.join('\n')}\n`;
}
