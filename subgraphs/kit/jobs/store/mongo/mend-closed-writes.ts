import { createRequire } from 'node:module';

/** The driver's own class: not one of its exports. Only what is used of it. */
interface DriverConnection {
  /** Why it is closed. */
  readonly error: Error | null;
  once(event: 'close', listener: () => void): void;
  off(event: 'close', listener: () => void): void;
  writeCommand(command: unknown, options: unknown): Promise<void>;
}
interface DriverModule {
  readonly Connection: { readonly prototype: DriverConnection };
}

const PLACE = 'mongodb/lib/cmap/connection.js';
let isMended = false;

/**
 * A command that is written to a socket which is destroyed and has not said so yet waits for its `drain` event, and there is
 * none: it never ends (mongodb 7.8.0, and 7.9.0). Where the monitor's own `hello` is that command, no server is found again
 * until the process is started anew. So a connection that closes ends what is being written to it. Once for a process.
 * Throws where the driver has no such method: then it is another version, and whether this is needed is to be looked at.
 */
export function mendClosedWrites(): void {
  if (isMended) return;
  const { prototype } = (createRequire(import.meta.url)(PLACE) as DriverModule).Connection;
  const write = prototype.writeCommand as DriverConnection['writeCommand'] | undefined;
  if (!write) throw new Error(`${PLACE} has no Connection.writeCommand any more: see mend-closed-writes.`);
  prototype.writeCommand = async function (this: DriverConnection, command, options) {
    let onClose = (): void => undefined;
    const closed = new Promise<never>((_resolve, reject) => (onClose = () => reject(this.error!)));
    this.once('close', onClose);
    try {
      return await Promise.race([write.call(this, command, options), closed]);
    } finally {
      this.off('close', onClose);
    }
  };
  isMended = true;
}
