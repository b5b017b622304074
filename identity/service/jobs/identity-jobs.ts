import { defineJob, skipped, type JobDefinition } from '@inevitable/kit';
import { z } from 'zod';
import type { IdentityMaintenance } from '../open-identity.js';

/** What core-identity does by itself. Each is one run for all tenants: a tenant's own role reaches none of these rows. */
export const identityJobs = ({
  removeExpired,
  sweepReservations,
  endOverrides,
  recomputeBalances,
  keepSigningKeys,
  carryOutOrders,
  sendMails,
}: IdentityMaintenance): readonly JobDefinition[] => [
  defineJob({
    name: 'identity.remove-expired',
    description: 'Removes sessions, tokens, revocations, sign-ups and mails that nobody can use any more.',
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
  defineJob({
    name: 'identity.end-overrides',
    description: 'Ends the tokens that state an override of a feature which has expired.',
    payload: z.object({}),
    schedule: { cron: '* * * * *' },
    scope: 'once',
    timeoutMs: 50_000,
    concurrency: 1,
    async run({ signal, log }) {
      log.info('expired overrides were ended', { overrides: await endOverrides(signal) });
    },
  }),
  defineJob({
    name: 'identity.recompute-balances',
    description: 'Compares what tenants used with its ledger, repairs what differs, and removes what is 13 months old.',
    payload: z.object({}),
    schedule: { cron: '33 3 * * *' },
    scope: 'once',
    timeoutMs: 3_600_000,
    concurrency: 1,
    async run({ signal, log }) {
      log.info('balances were compared with their ledger', { ...(await recomputeBalances(signal)) });
    },
  }),
  defineJob({
    name: 'identity.rotate-keys',
    description: 'Rotates the signing keys every 30 days, and removes retired ones an hour after they signed last.',
    payload: z.object({}),
    schedule: { cron: '23 4 * * *' },
    scope: 'once',
    timeoutMs: 60_000,
    concurrency: 1,
    async run({ log }) {
      log.info('signing keys were looked after', { ...(await keepSigningKeys()) });
    },
  }),
  defineJob({
    name: 'identity.tenant-data',
    description:
      'Makes archives whole, ends tenants and accounts that every product has erased, and removes old archives.',
    payload: z.object({}),
    schedule: { cron: '* * * * *' },
    scope: 'once',
    timeoutMs: 6 * 3_600_000,
    concurrency: { perWorker: 1, perProduct: 1 },
    async run({ signal, log }) {
      const done = await carryOutOrders(signal);
      if (Object.values(done).every((count) => count === 0)) return skipped('nothing is due');
      log.info('orders were carried out', { ...done });
    },
  }),
  ...(sendMails
    ? [
        defineJob({
          name: 'identity.send-mail',
          description: 'Hands mails that are due to the mail server.',
          payload: z.object({}),
          schedule: { cron: '* * * * *' },
          scope: 'once',
          timeoutMs: 600_000,
          concurrency: { perWorker: 1, perProduct: 1 },
          async run({ signal, log }) {
            const ends = await sendMails(signal);
            if (ends.sent + ends.failed + ends.refused === 0) return skipped('no mail is due');
            log.info('mails were handed over', { ...ends });
          },
        }),
      ]
    : []),
];
