import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import crypto, { createHash, createHmac, randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import S3rver from 's3rver';

/** What s3rver knows, and no other. */
export const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
export const BUCKET = 'files';

// s3rver encrypts where a page ended by DES, which OpenSSL 3 has only as the triple of it; with one key thrice it is the same.
const { createCipheriv } = crypto;
crypto.createCipheriv = (algorithm, key, ...more) =>
  algorithm === 'des'
    ? createCipheriv('des-ede3-cbc', Buffer.concat([key, key, key]), ...more)
    : createCipheriv(algorithm, key, ...more);

/** A server that speaks S3 and checks signatures, for tests; its one bucket is empty. */
export async function startS3Server() {
  const directory = await mkdtemp(join(tmpdir(), 's3-'));
  const server = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory,
    vhostBuckets: false,
    configureBuckets: [{ name: BUCKET }],
  });
  server.store.putObject = oneAtATime(storeWhole);
  server.middleware.unshift(checkSignature);
  const { port } = await server.run();
  return {
    endpoint: `http://127.0.0.1:${port}`,
    async close() {
      server.httpServer.closeAllConnections();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const hmac = (key, text) => createHmac('sha256', key).update(text).digest();

/** Signature version 4, which s3rver reads and does not check (AWS Signature Version 4 for API requests). */
async function checkSignature(ctx, next) {
  const header = /Credential=([^/]+)\/([^,]+), *SignedHeaders=([^,]+), *Signature=(\w+)/.exec(ctx.get('authorization'));
  if (!header) return refuse(ctx, 'AccessDenied');
  const [, accessKeyId, scope, signedHeaders, signature] = header;
  if (accessKeyId !== CREDENTIALS.accessKeyId) return refuse(ctx, 'InvalidAccessKeyId');
  const [path, query = ''] = ctx.req.url.split('?');
  const request = [
    ctx.method,
    path,
    query.split('&').sort().join('&'),
    ...signedHeaders.split(';').map((name) => `${name}:${ctx.get(name).trim()}`),
    '',
    signedHeaders,
    ctx.get('x-amz-content-sha256'),
  ].join('\n');
  const text = ['AWS4-HMAC-SHA256', ctx.get('x-amz-date'), scope, sha256(request)].join('\n');
  const key = scope.split('/').reduce(hmac, `AWS4${CREDENTIALS.secretAccessKey}`);
  if (hmac(key, text).toString('hex') !== signature) return refuse(ctx, 'SignatureDoesNotMatch');
  return next();
}

function refuse(ctx, code) {
  ctx.req.resume();
  ctx.status = 403;
  ctx.type = 'application/xml';
  ctx.body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>Refused.</Message></Error>`;
}

/** S3 answers a put when the object is stored, and never shows a part of one; s3rver alone does neither. */
async function storeWhole({ bucket, key, content, metadata }) {
  const chunks = [];
  for await (const chunk of Buffer.isBuffer(content) ? [content] : content) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const md5 = createHash('md5').update(bytes).digest('hex');
  const path = this.getResourcePath(bucket, key, 'object');
  const draft = join(this.rootDirectory, `${randomUUID()}.draft`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, bytes);
  await this.putMetadata(bucket, key, metadata, md5);
  await rename(draft, path);
  return { size: bytes.length, md5 };
}

function oneAtATime(work) {
  let before = Promise.resolve();
  return function next(...args) {
    const mine = before.then(() => work.apply(this, args));
    before = mine.catch(() => undefined);
    return mine;
  };
}
