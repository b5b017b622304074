import { gzipSync } from 'node:zlib';
import { MANIFEST } from './made-template.js';

/** One entry as it stands in the archive, true or not (POSIX 1003.1, pax: ustar interchange format). */
export interface TarEntry {
  /** In bytes where it is not UTF-8. */
  readonly name: string | Uint8Array;
  /** The type flag: `0` a file, `5` a folder, `1` a hard link, `2` a symbolic link, `x` a PAX header… `0` unless told. */
  readonly type?: string;
  readonly body?: string | Uint8Array;
  /** What the header says the size is, octal or as it shall stand; the body's unless told. */
  readonly size?: string | Uint8Array;
  readonly mode?: number;
  readonly link?: string;
  /** Added to the checksum. */
  readonly checksumOff?: number;
  /** `ustar\0` + `00` unless told. */
  readonly magic?: string;
}

/** The bytes of a tar archive, as hostile as its entries. */
export const tarBytes = (entries: readonly TarEntry[]): Buffer =>
  Buffer.concat([...entries.flatMap(entryBytes), Buffer.alloc(1_024)]);

/** The same, compressed: what somebody uploads. */
export const tarGz = (entries: readonly TarEntry[]): Uint8Array => gzipSync(tarBytes(entries));

/** A template that is fine, but for what stands beside it. */
export const templateTarGz = (...entries: readonly TarEntry[]): Uint8Array =>
  tarGz([MANIFEST_ENTRY, { name: 'files/hello.txt', body: 'Hello.\n' }, ...entries]);

export const MANIFEST_ENTRY: TarEntry = { name: 'template.json', body: JSON.stringify(MANIFEST) };

/** A PAX header that says these of the entry behind it. */
export function paxHeader(records: Readonly<Record<string, string>>, type = 'x'): TarEntry {
  const body = Object.entries(records).map(([key, value]) => paxRecord(key, value));
  return { name: 'PaxHeader', type, body: body.join('') };
}

/** A record begins with its own length. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length += 1;
  return `${length} ${key}=${value}\n`;
}

function entryBytes({
  name,
  type = '0',
  body = '',
  size,
  mode = 0o644,
  link = '',
  checksumOff = 0,
  magic = 'ustar\x0000',
}: TarEntry): Buffer[] {
  const content = Buffer.from(body);
  const header = Buffer.alloc(512);
  Buffer.from(name).copy(header, 0, 0, 100);
  header.write(octal(mode, 7), 100);
  header.write(octal(0, 7), 108);
  header.write(octal(0, 7), 116);
  Buffer.from(size ?? octal(content.byteLength, 11)).copy(header, 124, 0, 12);
  header.write(octal(0, 11), 136);
  header.write('        ', 148);
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100);
  header.write(magic, 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0) + checksumOff;
  header.write(`${octal(sum, 6)}\0 `, 148);
  return [header, content, Buffer.alloc((512 - (content.byteLength % 512)) % 512)];
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');
