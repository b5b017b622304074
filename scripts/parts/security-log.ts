import { fstatSync, writeSync } from 'node:fs';
import type { Logger } from 'pino';
import { BadSetting, type Settings } from '../settings/settings.js';
import { lineWriter, type LineWriter } from './line-writer.js';
import { openLog } from './open-log.js';

/** One for the process: two that wrote into one file would each reopen it. */
let opened: { readonly place: string | number; readonly lines: LineWriter } | null = null;

/**
 * Where security events are written: a stream of their own where SECURITY_LOG names one, with what stands on each line of
 * `log`, which is their place otherwise. Throws `BadSetting` where nothing can be written there.
 */
export function securityLogOf({ securityLog: place }: Pick<Settings, 'securityLog'>, log: Logger): Logger {
  if (place === undefined) return log;
  if (opened?.place !== place) opened = { place, lines: openPlace(place, log) };
  return openLog('info', log.bindings(), opened.lines);
}

/** Whoever rotated the file has moved the one before. */
export const reopenSecurityLog = (): void => opened?.lines.reopen();

function openPlace(place: string | number, log: Logger): LineWriter {
  try {
    if (typeof place === 'number') {
      fstatSync(place);
      writeSync(place, ''); // one that is only read is refused
    }
    return lineWriter(place, (error) =>
      log.error({ err: error }, 'Security events cannot be written to SECURITY_LOG, and are lost until they can.'),
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = typeof place === 'number' ? `Descriptor ${place}` : place;
    throw new BadSetting(
      `SECURITY_LOG cannot be used: ${what} cannot be written (${code}). Give a file in a directory that is there and may be written, or unset it.`,
    );
  }
}
