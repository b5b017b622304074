import { z } from 'zod';

/** `protection:` of supergraph.yaml: what this deployment bears. Each key has a default. */
export const protectionKey = z.strictObject({}).prefault({});

export type ProtectionSettings = z.output<typeof protectionKey>;
