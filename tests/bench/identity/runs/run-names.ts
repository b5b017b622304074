export const RUN_NAMES = ['reserve', 'verification', 'timing', 'sign-in', 'revocation'] as const;
export type RunName = (typeof RUN_NAMES)[number];
