#!/usr/bin/env node
// Holds a server for whoever forked this process (mongo-server.js), and ends it, and removes its data, when that process
// is gone, however it went. It heeds no signal: a Ctrl-C that reaches everybody would end the server under those who
// still put things in order.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout } from 'node:timers';

/** @type {{ program: string, flags: string[], dataDir: string }} */
const { program, flags, dataDir } = JSON.parse(process.argv[2]);

const ENDS_WITHIN_MS = 5_000;

let server = null;
let isEnding = false;

function start() {
  const child = spawn(program, flags, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  server = child;
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (text) => (said = `${said}${text}`.slice(-4_000)));
  child.on('error', (error) => tell({ ended: error.message }));
  child.on('close', (code, signal) => {
    if (server === child) server = null;
    tell({ ended: `it ended with ${signal ?? `exit code ${code}`}: ${said.trim() || 'it said nothing'}` });
    if (isEnding) void leave();
  });
  if (child.pid) tell({ pid: child.pid });
}

/** To nobody, where nobody is there any more. */
const tell = (message) => {
  if (process.connected) process.send(message, () => undefined);
};

const leave = async () => {
  await rm(dataDir, { recursive: true, force: true });
  process.exit();
};

process.on('message', (order) => {
  if (order === 'start') start();
  if (order === 'kill') server?.kill('SIGKILL');
});
process.on('disconnect', () => {
  isEnding = true;
  if (!server) return void leave();
  server.kill('SIGTERM');
  setTimeout(() => server?.kill('SIGKILL'), ENDS_WITHIN_MS);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);
start();
