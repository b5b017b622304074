import { OperatorError, type PartHealth } from '@inevitable/contract';

/** A store refused or failed. The message is for operators: what was tried, where, and what to do. */
export class FilesUnavailable extends OperatorError {
  readonly code = 'INTERNAL';
  constructor(
    /** `full`: no room is left. `refused`: the credentials or rights do not suffice. `unreachable`: everything else. */
    readonly why: 'full' | 'refused' | 'unreachable',
    message: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** A key that is none: a fault in the product's code, which must never make one of a client's text. */
export class BadFileKey extends OperatorError {
  readonly code = 'INTERNAL';
}

export interface StoredFile {
  readonly key: string;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** The first and the last byte to read, both included, counted from 0 (RFC 9110, section 14.1.2). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface FileContent {
  readonly file: StoredFile;
  /** The whole file, or the range asked for. Cancel it where it is not read to its end. */
  readonly body: ReadableStream<Uint8Array>;
}

/**
 * Where a product keeps what does not belong into rows: a directory, or a bucket that speaks S3. Keys are segments of
 * `[a-z0-9][a-z0-9._-]*` joined by `/` that do not end with a dot, at most 200 characters each and 512 in all; any other
 * throws `BadFileKey`, before anything is touched. No key is the folder of another (`a` and `a/b`): a directory cannot
 * hold both, and throws `BadFileKey` for the second. Everything else that goes wrong throws `FilesUnavailable`.
 */
export interface Files {
  /** Whole or not at all, even if the process is killed; replaces what is there. Durable when it resolves. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  stat(key: string): Promise<StoredFile | null>;
  /**
   * null: there is no such file. One that is deleted or replaced meanwhile is still read to its end. A range must lie
   * within it (`stat` first): throws `RangeError`.
   */
  read(key: string, range?: ByteRange): Promise<FileContent | null>;
  /** Also resolves when there is nothing to delete. */
  delete(key: string): Promise<void>;
  /** Files whose key begins with `prefix`, in order of their keys (by byte), from the first one after `after`; at most 1,000. */
  list(prefix: string, after: string | null): Promise<readonly StoredFile[]>;
}

/** The store itself, of all products and tenants: for the composition root. Products get `TenantFiles`. */
export interface FileStore extends Files {
  health(): Promise<PartHealth>;
  close(): Promise<void>;
}

const SEGMENT = /^[a-z0-9][a-z0-9._-]*$/;
/** A file name has at most 255 bytes on most file systems, and some servers that speak S3 put words of their own behind it. */
const LONGEST_SEGMENT = 200;
const LONGEST_KEY = 512;
/** What `list` answers at once: as much as S3 does. */
export const LONGEST_PAGE = 1_000;

const mayBeginSegment = (text: string): boolean => SEGMENT.test(text) && text.length <= LONGEST_SEGMENT;

export const isFileKey = (text: string): boolean =>
  text.length <= LONGEST_KEY && text.split('/').every((segment) => mayBeginSegment(segment) && !segment.endsWith('.'));

/** Throws `BadFileKey`. No key climbs out of its folder, and none differs from another by case alone. */
export function assertFileKey(key: string): void {
  if (!isFileKey(key)) throw new BadFileKey(`${JSON.stringify(key.slice(0, 200))} is no key of a file.`);
}

/** Throws `BadFileKey` unless a key can begin like this; every key begins with the empty prefix. */
export function assertFilePrefix(prefix: string): void {
  const folders = prefix.split('/');
  const last = folders.pop() ?? '';
  if ((folders.length === 0 || isFileKey(folders.join('/'))) && (last === '' || mayBeginSegment(last))) return;
  throw new BadFileKey(`No key of a file begins with ${JSON.stringify(prefix.slice(0, 200))}.`);
}

/** Throws `RangeError` where a range does not lie within a file of that size in bytes. */
export function assertWithin({ start, end }: ByteRange, { key, sizeBytes }: StoredFile): void {
  if (Number.isInteger(start) && Number.isInteger(end) && start >= 0 && start <= end && end < sizeBytes) return;
  throw new RangeError(`The bytes ${start} to ${end} do not lie within "${key}", which has ${sizeBytes}.`);
}
