/**
 * SQL for whether the grant `g`, whose balance is `b`, can still be burned, where `held` of it is held; beside it stands
 * METERED_FEATURE as `feature`. The function `hold_with_grants` of the database says the same.
 */
export const burnsWith = (held: string): string =>
  `(g.expires_at is null or g.expires_at > (select now from feature)) and not b.voided and b.used + ${held} < g.amount`;
