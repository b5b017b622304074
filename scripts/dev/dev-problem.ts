import type { ConsoleProblem } from '@inevitable/gateway';
import { findingsAsText, type Finding } from '@inevitable/toolchain';

/** Why something on the disk is not what is served. */
export interface DevProblem {
  readonly title: string;
  readonly findings: readonly Finding[];
}

/** One that is only a sentence. */
export const problemInWords = (title: string, code: string, error: unknown, repair?: string): DevProblem => ({
  title,
  findings: [
    {
      code,
      severity: 'error',
      message: error instanceof Error ? error.message : String(error),
      ...(repair !== undefined && { repair }),
    },
  ],
});

/** `colours`: of a terminal. */
export const problemAsText = (
  { findings }: DevProblem,
  { root, colours }: { readonly root: string; readonly colours: boolean },
): Promise<string> => findingsAsText(findings, { root, colours });

export const forConsole = async (problem: DevProblem, root: string): Promise<ConsoleProblem> => ({
  title: problem.title,
  text: (await problemAsText(problem, { root, colours: false })).trimEnd(),
});
