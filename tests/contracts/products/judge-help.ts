import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { SubgraphDeclaration } from '@inevitable/kit';

/** What the command line does not say of a product's commands; each a sentence. */
export async function judgeHelp({ name, commands = [] }: SubgraphDeclaration): Promise<string[]> {
  const findings: string[] = [];
  for (const command of commands) {
    const call = [name, command.name, '--help'];
    let help: string;
    try {
      help = (await promisify(execFile)(process.execPath, ['scripts/bin/stack.js', ...call])).stdout;
    } catch (error) {
      findings.push(`"stack ${call.join(' ')}" fails: ${(error as Error).message}`);
      continue;
    }
    // Commander breaks lines where they become too long.
    const told = help.replace(/\s+/g, ' ');
    const wanted = [command.description, '--tenant', ...Object.keys(command.options ?? {}), ...command.examples];
    for (const text of wanted)
      if (!told.includes(text)) findings.push(`"stack ${call.join(' ')}" does not say "${text}".`);
  }
  return findings;
}
