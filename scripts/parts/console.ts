import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ConsoleOptions, ConsoleProblem } from '@inevitable/gateway';
import type { Settings } from '../settings/settings.js';
import { DEMO_USERS } from './identity.js';

/** Plain JavaScript beside the other steps that make a clone ready; compiled code is elsewhere than it. */
const BUNDLER = 'scripts/prepare/bundle-graphiql.js';

/**
 * The GraphiQL page of a gateway, bundled when it is first asked for. Undefined where customers are, and where what it is
 * made of is not installed (`npm ci --omit=dev`).
 */
export function consoleOf(
  { root, deployment, development, publicUrl }: Settings,
  problems: () => readonly ConsoleProblem[] = () => [],
): ConsoleOptions | undefined {
  if (deployment === 'customer' || !isInstalled(root)) return undefined;
  return {
    files: () => bundleConsole(root),
    problems,
    names: publicUrl === undefined ? [] : [new URL(publicUrl).hostname],
    demoUsers: development ? DEMO_USERS.map(({ email }) => email) : [],
  };
}

/** Answers the folder of the bundled page. Rejects with what the bundler says. */
export async function bundleConsole(root: string): Promise<string> {
  const { bundleGraphiql } = (await import(pathToFileURL(join(root, BUNDLER)).href)) as {
    bundleGraphiql(): Promise<string>;
  };
  return bundleGraphiql();
}

function isInstalled(root: string): boolean {
  const { resolve } = createRequire(join(root, 'package.json'));
  try {
    for (const name of ['esbuild', 'graphiql', 'react-dom']) resolve(name);
    return true;
  } catch {
    return false;
  }
}
