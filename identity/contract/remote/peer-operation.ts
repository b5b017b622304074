import type { z } from 'zod';

/** One operation of a peer's `/internal/v1`: what goes in, and what comes back. */
export interface PeerOperation {
  readonly input: z.ZodType;
  readonly output: z.ZodType;
}

export const operation = <I extends z.ZodType, O extends z.ZodType>(input: I, output: O) => ({ input, output });
