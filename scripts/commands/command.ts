import type { Settings } from '../settings/settings.js';

/** What a command may touch of the world. */
export interface CommandWorld {
  readonly settings: () => Settings;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** 0 fine, 1 the command found something wrong, 2 it could not look. */
export const ExitCode = { Ok: 0, Findings: 1, CouldNotRun: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
