import type { Settings } from '../settings/settings.js';

/** What a command may touch of the world. */
export interface CommandWorld {
  readonly settings: () => Settings;
  /** The folder of the project, where supergraph.yaml is. */
  readonly root: string;
  /** For what a command hands on to the programs it starts; its own settings are in `settings`. */
  readonly env: NodeJS.ProcessEnv;
  /** Whether what is printed is read in colours: standard output is a terminal, and NO_COLOR is not set. */
  readonly colours: boolean;
  /** Whether standard error is a terminal: a line of progress may be written over. */
  readonly terminal: boolean;
  readonly print: (text: string) => void;
  readonly complain: (text: string) => void;
}

/** 0 fine, 1 the command found something wrong, 2 it could not look. */
export const ExitCode = { Ok: 0, Findings: 1, CouldNotRun: 2 } as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];
