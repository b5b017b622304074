import { BadUserInput, Conflict, NotFound, plainText } from '@inevitable/kit';
import { z } from 'zod';
import type { PlatformForgeContext } from '../../context.js';
import { tellPlatformChanged } from '../../events/platform-changed.js';
import type { Platform } from '../../generated/prisma/client.js';
import { databaseNow } from '../database-now.js';
import { findPlatform } from './find-platform.js';
import { keptArtifact } from './kept-artifact.js';
import { slug as newSlug, unlessTaken } from './slug.js';

export const platformUpdate = z.strictObject({
  id: z.string(),
  name: plainText({ min: 1, max: 100, singleLine: true }).nullish(),
  slug: newSlug.nullish(),
  expiresAt: z.date().nullish(),
});
export type PlatformUpdate = z.infer<typeof platformUpdate>;

const LONGEST_YEARS = 10;

/** Throws `NotFound`, `BadUserInput`, and `Conflict` for a slug that is taken or a platform without an artifact to keep. */
export async function updatePlatform(
  { db, events, deployment }: PlatformForgeContext,
  { id, name, slug, expiresAt }: PlatformUpdate,
): Promise<Platform> {
  const platform = await findPlatform(db, id);
  if (name == null && slug == null && expiresAt == null) return platform;
  const withoutArtifact = new Conflict('The platform has no artifact that could be kept.', 'input.expiresAt');
  if (expiresAt != null) {
    if (!keptArtifact(platform, deployment)) throw withoutArtifact;
    assertKeepable(expiresAt, await databaseNow(db));
  }
  const [changed] = await unlessTaken(slug ?? platform.slug, 'input.slug', () =>
    db.platform.updateManyAndReturn({
      where: { id, ...(expiresAt != null && { artifactId: { not: null } }) },
      data: { ...(name != null && { name }), ...(slug != null && { slug }), ...(expiresAt != null && { expiresAt }) },
    }),
  );
  // Somebody was faster: it was deleted, or its artifact removed.
  if (!changed) throw expiresAt == null ? new NotFound('platform') : withoutArtifact;
  await tellPlatformChanged(events, id);
  return changed;
}

function assertKeepable(expiresAt: Date, now: Date): void {
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + LONGEST_YEARS);
  if (expiresAt <= now) throw new BadUserInput('must be in the future', 'input.expiresAt');
  if (expiresAt > latest) throw new BadUserInput(`must be within ${LONGEST_YEARS} years`, 'input.expiresAt');
}
