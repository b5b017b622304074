import type { ServerResponse } from 'node:http';
import type { ClientStream } from './client-stream.js';
import type { OpenStreams } from './open-streams.js';
import { StoppableStream } from './stoppable-stream.js';
import type { StreamFormat } from './stream-format.js';

/** How long a client may leave what it was sent unread. */
export const SLOW_CONSUMER_MS = 30_000;

/**
 * Writes a stream as the rest of a response whose head is written, and ends it. A payload is asked for when the one before
 * was handed to the kernel, so a client that reads slowly holds back its own stream and nothing else; one that does not
 * read for 30 s is cut off. Resolves with how many were written, when nothing is left to do, whoever ended it.
 */
export async function sendStream(
  response: ServerResponse,
  source: ClientStream,
  format: StreamFormat,
  openStreams: OpenStreams,
): Promise<number> {
  let payloads = 0;
  const stream = new StoppableStream(source);
  const write = (text: string): Promise<void> => writeOut(response, text);
  const leave = (): void => void stream.return();
  response.once('close', leave);
  const { heartbeat } = format;
  const beat = heartbeat && setInterval(() => void write(heartbeat.text), heartbeat.everyMs);
  if (format.stopping !== null) openStreams.add(stream);
  try {
    if (response.destroyed) {
      leave();
      return payloads;
    }
    await write(format.opening);
    for await (const payload of stream) {
      await write(format.write(payload));
      payloads++;
    }
    response.end(stream.wasStopped ? format.stopping : format.ending);
    return payloads;
  } finally {
    if (beat) clearInterval(beat);
    openStreams.delete(stream);
  }
}

/** Resolves when the kernel has it, or the connection has gone. */
function writeOut(response: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => {
    const unread = setTimeout(() => response.destroy(), SLOW_CONSUMER_MS);
    const settle = (): void => {
      clearTimeout(unread);
      response.off('close', settle);
      resolve();
    };
    response.once('close', settle); // a connection that breaks off may take the callback with it
    response.write(text, settle);
  });
}
