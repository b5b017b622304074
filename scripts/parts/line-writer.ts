import { closeSync, openSync, write, writeSync } from 'node:fs';
import type { DestinationStream } from 'pino';

/** Characters. A reader who stands still costs memory, and what it cannot take is lost. */
const MOST_WAITING = 16_777_216;
/**
 * Handing a write to another thread takes 30 µs, a third of a small request; so all lines of a moment go with one. A write of
 * this thread would wait for whoever reads.
 */
const GATHERING_MS = 20;
/** A pipe that is full. */
const AGAIN_MS = 20;
const TRIES_AT_EXIT = 50;

/** What is written to it stands in one place, line by line. */
export interface LineWriter extends DestinationStream {
  /** Goes on in a new file of its name: whoever rotates the log has moved the one before. A descriptor stays. */
  reopen(): void;
}

/**
 * Writes lines behind the process's back: those of one moment with one call, and a terminal or a pipe that takes no more
 * holds nobody up. What waits when the process exits is written then. A place that takes nothing more, because
 * its reader is gone or the disk is full, loses lines and stops nobody; `onLost` is told of the first. Pino's own destination
 * waits at the exit for a reader that is gone, for ever. Throws what opening a file throws.
 */
export function lineWriter(to: number | string, onLost: (error: Error) => void = () => undefined): LineWriter {
  const open = (file: string): number => openSync(file, 'a', 0o600);
  let descriptor = typeof to === 'number' ? to : open(to);
  let outdated: number | null = null;
  let waiting: string[] = [];
  let characters = 0;
  let isUnderWay = false;
  let isLosing = false;

  /** What comes until then goes together. The exit does not wait for it, and writes it by itself. */
  const gather = (): void => void setTimeout(send, GATHERING_MS).unref();

  /** At a moment at which nothing is on its way. */
  function send(): void {
    if (outdated !== null) closeSync(outdated);
    outdated = null;
    if (waiting.length === 0) return void (isUnderWay = false);
    const chunk = Buffer.from(waiting.join(''));
    waiting = [];
    characters = 0;
    sendFrom(chunk, 0);
  }

  function sendFrom(chunk: Buffer, from: number): void {
    write(outdated ?? descriptor, chunk, from, chunk.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN') return void setTimeout(sendFrom, AGAIN_MS, chunk, from);
      if (error) lost(error);
      else isLosing = false;
      if (error || from + written >= chunk.length) gather();
      else sendFrom(chunk, from + written);
    });
  }

  function lost(error: Error): void {
    if (isLosing) return;
    isLosing = true;
    onLost(error);
  }

  process.once('exit', () => {
    let chunk = Buffer.from(waiting.join(''));
    for (let tries = 0; chunk.length > 0 && tries < TRIES_AT_EXIT; tries++) {
      try {
        chunk = chunk.subarray(writeSync(descriptor, chunk));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, AGAIN_MS);
      }
    }
  });

  return {
    write(line) {
      if (characters > MOST_WAITING) return lost(new Error('Nobody reads the lines of the log.'));
      waiting.push(line);
      characters += line.length;
      if (isUnderWay) return;
      isUnderWay = true;
      gather();
    },
    reopen() {
      if (typeof to === 'number') return;
      try {
        const next = open(to);
        if (outdated !== null)
          closeSync(descriptor); // nothing was written there yet
        else outdated = descriptor;
        descriptor = next;
        if (isUnderWay) return;
        closeSync(outdated);
        outdated = null;
      } catch (error) {
        lost(error as Error);
      }
    },
  };
}
