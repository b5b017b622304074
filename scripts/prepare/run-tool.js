import { spawn } from 'node:child_process';

/** Runs a program to its end; rejects with what it printed when it fails. @returns {Promise<void>} */
export function runTool(root, command, args, env = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    child.stdout.on('data', (text) => (printed += text));
    child.stderr.on('data', (text) => (printed += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`"${command} ${args.join(' ')}" failed with exit code ${code}:\n${printed.trim()}`));
    });
  });
}

/** The same for a tool among our dependencies, by its file: no shell, no PATH. */
export const runNode = (root, file, args, env) => runTool(root, process.execPath, [file, ...args], env);
