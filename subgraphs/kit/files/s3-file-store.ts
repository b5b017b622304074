import type { Readable } from 'node:stream';
import type { S3 } from '@aws-sdk/client-s3';
import { notReady, ready } from '@inevitable/contract';
import {
  assertFileKey,
  assertFilePrefix,
  assertWithin,
  FilesUnavailable,
  isFileKey,
  LONGEST_PAGE,
  type ByteRange,
  type FileContent,
  type FileStore,
  type StoredFile,
} from './file-store.js';

/** A bucket of a server that speaks S3. */
export interface S3Place {
  /** `https://s3.example.com`; the bucket is part of the path. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly region: string;
  readonly accessKeyId: string;
  /** The key needs `s3:GetObject`, `PutObject`, `DeleteObject`, and `ListBucket`: without the last one, what is missing looks forbidden. */
  readonly secretAccessKey: string;
  /** A folder of the bucket that is the store's; the whole bucket unless told. */
  readonly prefix?: string;
  /**
   * The longest a request may take, with its repetitions, until its answer begins; 20 s unless told. An upload has a second
   * more for each megabyte, and a download may take any time.
   */
  readonly answerWithinMs?: number;
}

/** `requestTimeout`: milliseconds for one of the repetitions. */
type Request<T> = (s3: S3, options: { abortSignal: AbortSignal; requestTimeout: number }) => Promise<T>;

interface Asking {
  /** What has not happened where it fails. */
  readonly what: string;
  readonly withinMs?: number;
  readonly use?: Use;
}

/** Downloads have connections of their own: however many of their readers pause, everything else goes on. */
type Use = 'downloads' | 'everything else';

const PART = 'file store';
const ANSWER_WITHIN_MS = 20_000;
const ATTEMPTS = 3;
/** Bytes a millisecond: an upload that is slower is broken off. */
const SLOWEST_UPLOAD = 1_000;
/** For each use. Every download under way holds one, as slow as its client may be. */
const CONNECTIONS = 256;

/**
 * Files in a bucket. Nothing is sent and no library is loaded until it is used: whoever opens it asks `health`, which says
 * in words what is wrong. A file is whole or not at all because S3 stores no part of a request.
 */
export function s3FileStore(place: S3Place): FileStore {
  const { bucket: Bucket, answerWithinMs = ANSWER_WITHIN_MS } = place;
  const where = `bucket "${Bucket}" at ${new URL(place.endpoint).host}`;
  const root = (place.prefix ?? '').replace(/^\/+|\/*$/g, '').replace(/(.)$/, '$1/');
  const clients = new Map<Use, Promise<S3>>();
  const clientFor = (use: Use): Promise<S3> => {
    const client = clients.get(use) ?? openClient(place, answerWithinMs);
    clients.set(use, client);
    return client;
  };
  const objectOf = (key: string) => {
    assertFileKey(key);
    return { Bucket, Key: root + key };
  };

  /** Sends a request, again where that may help; throws `FilesUnavailable`. */
  async function ask<T>(
    { what, withinMs = answerWithinMs, use = 'everything else' }: Asking,
    request: Request<T>,
  ): Promise<T> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), withinMs);
    try {
      return await request(await clientFor(use), { abortSignal: late.signal, requestTimeout: withinMs / 2 });
    } catch (error) {
      throw error instanceof RangeError ? error : unavailable(what, where, error);
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async put(key, bytes) {
      const object = objectOf(key);
      const withinMs = answerWithinMs + bytes.byteLength / SLOWEST_UPLOAD;
      const { ETag } = await ask({ what: `"${key}" was not stored`, withinMs }, (s3, options) =>
        s3.putObject({ ...object, Body: bytes, ContentLength: bytes.byteLength }, options),
      );
      if (ETag === undefined) throw unavailable(`"${key}" was not stored`, where, new NotS3());
    },

    async stat(key) {
      const object = objectOf(key);
      return ask({ what: `"${key}" cannot be looked at` }, async (s3, options) => {
        const found = await s3.headObject(object, options).catch(async (error: unknown) => {
          if (statusOf(error) !== 404) throw error;
          await s3.headBucket({ Bucket }, options); // without the bucket the answer is the same
          return null;
        });
        return found && storedFile(key, found.ContentLength, found.LastModified);
      });
    },

    async read(key, range) {
      const object = objectOf(key);
      const what = `"${key}" cannot be read`;
      return ask({ what, use: 'downloads' }, async (s3, options) => {
        const asked = range && { Range: `bytes=${range.start}-${range.end}` };
        const found = await s3.getObject({ ...object, ...asked }, options).catch((error: unknown) => {
          if (nameOf(error) === 'NoSuchKey') return null;
          if (statusOf(error) === 416) throw new RangeError(`"${key}" has no byte ${range?.start}.`);
          throw error;
        });
        if (!found) return null;
        const body = found.Body as Readable | undefined;
        try {
          if (!body) throw new NotS3();
          const sizeBytes = range ? sizeInRange(found.ContentRange, range) : found.ContentLength;
          const file = storedFile(key, sizeBytes, found.LastModified);
          if (range) assertWithin(range, file);
          const failed = (error: unknown) => unavailable(`"${key}" cannot be read to its end`, where, error);
          return { file, body: streamOf(body, answerWithinMs, failed) } satisfies FileContent;
        } catch (error) {
          body?.on('error', () => undefined).destroy();
          throw error;
        }
      });
    },

    async delete(key) {
      const object = objectOf(key);
      await ask({ what: `"${key}" was not deleted` }, async (s3, options) => {
        const { $metadata } = await s3.deleteObject(object, options);
        if ($metadata.httpStatusCode !== 204) throw new NotS3();
      });
    },

    async list(prefix, after) {
      assertFilePrefix(prefix);
      if (after !== null) assertFileKey(after);
      const what = `The files "${prefix}…" cannot be listed`;
      const files: StoredFile[] = [];
      let last = after === null ? null : root + after;
      // A page may hold nothing but what others put into the bucket.
      while (files.length === 0) {
        const from: { StartAfter?: string } = last === null ? {} : { StartAfter: last };
        const page = await ask({ what }, (s3, options) =>
          s3.listObjectsV2({ Bucket, Prefix: root + prefix, MaxKeys: LONGEST_PAGE, ...from }, options),
        );
        if (page.Name !== Bucket) throw unavailable(what, where, new NotS3());
        const objects = page.Contents ?? [];
        for (const { Key = '', Size, LastModified } of objects) {
          const key = Key.slice(root.length);
          if (isFileKey(key)) files.push(storedFile(key, Size, LastModified));
          if (last === null || Key > last) last = Key;
        }
        if (!page.IsTruncated) break;
        if (last === (from.StartAfter ?? null)) throw unavailable(what, where, new NotS3());
      }
      // S3 lists in the order of bytes; not every server that speaks it does.
      return files.sort((one, other) => (one.key < other.key ? -1 : 1));
    },

    async health() {
      try {
        await ask({ what: 'It cannot be used' }, (s3, options) => s3.headBucket({ Bucket }, options));
        return ready(PART);
      } catch (error) {
        return notReady(PART, (error as Error).message);
      }
    },

    async close() {
      for (const client of clients.values()) (await client.catch(() => null))?.destroy();
      clients.clear();
    },
  };
}

async function openClient(place: S3Place, answerWithinMs: number): Promise<S3> {
  const { S3 } = await import('@aws-sdk/client-s3');
  const { endpoint, region, accessKeyId, secretAccessKey } = place;
  return new S3({
    endpoint,
    region,
    credentials: { accessKeyId, secretAccessKey },
    forcePathStyle: true,
    // Younger than S3 itself: many servers that speak S3 refuse what they do not know. The signature covers the body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: answerWithinMs / 4,
      throwOnRequestTimeout: true,
      socketTimeout: 0, // would end the download of a client that pauses; `streamOf` bounds what the server takes
      httpAgent: { maxSockets: CONNECTIONS },
      httpsAgent: { maxSockets: CONNECTIONS },
    },
  });
}

/** Somebody answered, and not as S3 does. */
class NotS3 extends Error {
  override readonly name = 'NotS3';
}

function storedFile(key: string, sizeBytes: number | undefined, modifiedAt: Date | undefined): StoredFile {
  if (sizeBytes === undefined || modifiedAt === undefined) throw new NotS3();
  return { key, sizeBytes, modifiedAt };
}

/** Of the whole file, from `bytes 0-9/100` (RFC 9110, section 14.4). A server shortens a range that is too long. */
function sizeInRange(contentRange: string | undefined, { start, end }: ByteRange): number {
  const [first, last, size] = (/^bytes (\d+)-(\d+)\/(\d+)$/.exec(contentRange ?? '') ?? []).slice(1).map(Number);
  if (size === undefined || first !== start || last !== Math.min(end, size - 1)) throw new NotS3();
  return size;
}

/** Reads as its consumer asks, never ahead. A server that sends nothing for `stallMs` while it is waited for has failed. */
function streamOf(body: Readable, stallMs: number, failed: (error: unknown) => Error): ReadableStream<Uint8Array> {
  body.on('error', () => undefined); // told by the next read; nobody may be reading now
  const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const stalled = () => body.destroy(new Error(`no byte came within ${stallMs} ms`));
        const timer = setTimeout(stalled, stallMs);
        try {
          const next = await chunks.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        } catch (error) {
          throw failed(error);
        } finally {
          clearTimeout(timer);
        }
      },
      cancel: () => void body.destroy(),
    },
    { highWaterMark: 0 },
  );
}

/** What the library throws: S3's own errors, and the network's. */
interface Failure {
  readonly name?: string;
  readonly code?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

const nameOf = (error: unknown): string => (error as Failure).name ?? '';
/** Of the network. The library may wrap the error that has it, and leave it in the message alone. */
const codeOf = (error: unknown): string => {
  const { code, message = '' } = error as Failure;
  return code ?? /\bE[A-Z]{4,}\b/.exec(message)?.[0] ?? '';
};
const statusOf = (error: unknown): number | undefined => (error as Failure).$metadata?.httpStatusCode;

const FULL = ['XMinioStorageFull', 'InsufficientStorage', 'QuotaExceeded', 'TooManyObjects'];
const ADVICE: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket. Create it, or correct its name',
  SignatureDoesNotMatch: 'the secret does not belong to the access key. Correct it',
  InvalidAccessKeyId: 'the server does not know the access key. Correct it',
  AccessDenied: 'the access key may not do this. Give it the right to read, write, delete and list',
  RequestTimeTooSkewed: 'the clocks of this machine and of the server differ. Set them',
  PermanentRedirect: 'the bucket is in another region. Correct the region or the endpoint',
  AuthorizationHeaderMalformed: 'the bucket is in another region. Correct the region',
  NotS3: 'what answers there does not speak S3. Correct the endpoint',
  ECONNREFUSED: 'nobody listens there. Start the server, or correct the endpoint',
  ENOTFOUND: 'the name of the endpoint is not known. Correct it',
  ECONNRESET: 'the server broke off',
  TimeoutError: 'it did not answer in time',
  AbortError: 'it did not answer in time',
};

function unavailable(what: string, where: string, error: unknown): FilesUnavailable {
  if (error instanceof FilesUnavailable) return error;
  const code = codeOf(error);
  const name = nameOf(error);
  const status = statusOf(error);
  const at = `${what} (${where})`;
  // The library's error holds the request with its signature: of it only these words go on.
  const cause = new Error(`${name} ${code} ${status ?? ''}`.trim());
  if (status === 507 || FULL.includes(name))
    return new FilesUnavailable(
      'full',
      `${at}: no room is left there (${name}). Free some, or raise the quota.`,
      cause,
    );
  if (status === 401 || status === 403) {
    const advice = ADVICE[name] ?? 'the access key, its secret or its rights do not suffice. Check all three';
    return new FilesUnavailable('refused', `${at}: ${advice}.`, cause);
  }
  // A question without a body (HEAD) is answered without a name.
  const missing = status === 404 ? ADVICE['NoSuchBucket'] : undefined;
  // An answer that S3 would have understood, and that cannot be read.
  const garbled = status !== undefined && status < 300 ? ADVICE['NotS3'] : undefined;
  const told = ADVICE[name] ?? ADVICE[code] ?? missing ?? garbled;
  const reason =
    told ??
    (status === undefined
      ? `it cannot be asked (${code || name})`
      : `it answered with status ${status}. Look at the server`);
  return new FilesUnavailable('unreachable', `${at}: ${reason}.`, cause);
}
