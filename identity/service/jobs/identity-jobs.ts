import { defineJob, type JobDefinition } from '@inevitable/kit';
import { z } from 'zod';
import type { IdentityMaintenance } from '../open-identity.js';

/** What core-identity does by itself. Each is one run for all tenants: a tenant's own role reaches none of these rows. */
export const identityJobs = ({ removeExpired, sweepReservations }: IdentityMaintenance): readonly JobDefinition[] => [
  defineJob({
    name: 'identity.remove-expired',
    description: 'Removes sessions, refresh tokens and revocations that nobody can use any more.',
    payload: z.object({}),
    schedule: { cron: '17 * * * *' },
    scope: 'once',
    timeoutMs: 900_000,
    concurrency: 1,
    async run({ signal, log }) {
      log.info('what expired was removed', await removeExpired(signal));
    },
  }),
  defineJob({
    name: 'identity.sweep-reservations',
    description: 'Gives back what reservations hold past their 15 minutes.',
    payload: z.object({}),
    schedule: { cron: '*/5 * * * *' },
    scope: 'once',
    timeoutMs: 240_000,
    concurrency: 1,
    async run({ signal, log }) {
      log.info('overdue reservations were released', { reservations: await sweepReservations(signal) });
    },
  }),
];
