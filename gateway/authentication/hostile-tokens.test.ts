import { createHmac, generateKeyPairSync, randomUUID, sign, type KeyObject } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ACCESS_TOKEN_AUDIENCE, anonymousContext, Unauthenticated } from '@inevitable/contract';
import { pino } from 'pino';
import { ADA, ISSUER, newSigningKey, TestIdentity } from '../test-support/test-identity.js';
import { contextFor } from '../test-support/test-subgraphs.js';
import { createContextTokens } from '../transports/context-tokens.js';
import { accessTokens, type AccessTokens } from './access-tokens.js';
import { RevocationView } from './revocation-view.js';
import { VerificationKeys } from './verification-keys.js';

// What RFC 8725 warns of, one after the other. What holds and for how long: access-tokens.test.ts.

const log = pino({ level: 'silent' });
/** Epoch seconds: time stands still, so that the edges of lifetimes are exact. */
const NOW = 1_800_000_000;
const LEEWAY = 30;

let identity: TestIdentity;
let tokens: AccessTokens;
let stop: AbortController;
/** Seconds after `NOW`. */
let later: number;
beforeAll(async () => {
  identity = new TestIdentity();
  stop = new AbortController();
  const now = () => (NOW + later) * 1_000;
  later = 0;
  const keys = new VerificationKeys(identity.ports.verification, { log, now });
  const revocations = new RevocationView(identity.ports.revocations, { log, now: Date.now }); // heard all the time
  tokens = accessTokens(keys, revocations, now);
  keys.start(stop.signal);
  revocations.start(stop.signal);
  while (!revocations.isTrustworthy() || keys.issuer === null) await new Promise(setImmediate);
});
beforeEach(() => void (later = 0));
afterAll(() => stop.abort());

const ours = () => identity.keys[0]!;
const stranger = newSigningKey();
const encoded = (bytes: string | object): string =>
  Buffer.from(typeof bytes === 'string' ? bytes : JSON.stringify(bytes)).toString('base64url');
const header = (changes: object = {}) => ({ alg: 'ES256', typ: 'at+jwt', kid: ours().kid, ...changes });
const payload = (changes: object = {}) => ({
  iss: ISSUER,
  aud: ACCESS_TOKEN_AUDIENCE,
  ...ADA,
  roles: ['member'],
  scope: '',
  plan: 'free',
  ent: 'digest-1',
  amr: ['pwd'],
  auth_time: NOW,
  rev: 0,
  iat: NOW,
  exp: NOW + 900,
  jti: randomUUID(),
  ...changes,
});
const es256 = (text: string, key: KeyObject): Buffer =>
  sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });

/** Signed by identity unless told otherwise, whatever it says and however that is spelt. */
function forged(head: string | object = header(), body: string | object = payload(), key = ours().privateKey): string {
  const text = `${encoded(head)}.${encoded(body)}`;
  return `${text}.${es256(text, key).toString('base64url')}`;
}
const present = async (token: string): Promise<'holds' | 'refused'> => {
  try {
    await tokens.verify(`Bearer ${token}`);
    return 'holds';
  } catch (error) {
    if (error instanceof Unauthenticated) return 'refused';
    throw error;
  }
};
/** Those that were not refused. */
async function heldOf(attempts: readonly string[]): Promise<readonly string[]> {
  const outcomes = await Promise.all(attempts.map(present));
  return attempts.filter((_, at) => outcomes[at] !== 'refused');
}

describe('A token that nobody signed', () => {
  const NONE = [
    'none',
    'None',
    'NONE',
    'nOnE',
    ' none',
    'none ',
    'none\u0000',
    '',
    'null',
    null,
    true,
    0,
    {},
    [],
    ['none'],
  ];

  it.each([...NONE, undefined].map((alg): [unknown] => [alg]))('is refused with the algorithm %j', async (alg) => {
    const text = `${encoded(header({ alg }))}.${encoded(payload())}`;
    const signature = forged().split('.')[2]!;
    expect(await heldOf([text, `${text}.`, `${text}.x`, `${text}.${signature}`, forged(header({ alg }))])).toEqual([]);
  });

  it('would have held if identity had signed it', async () => {
    expect(await present(forged())).toBe('holds');
  });
});

describe('A token signed with the public key as if that were a secret', () => {
  it.each(['HS256', 'HS384', 'HS512', 'hs256', 'ES256'])(
    'is refused as %s, in whatever form the key is',
    async (alg) => {
      const { jwk, kid } = ours();
      const point = Buffer.concat([Buffer.of(4), Buffer.from(jwk.x, 'base64url'), Buffer.from(jwk.y, 'base64url')]);
      const der = Buffer.concat([Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex'), point]);
      const lines = der
        .toString('base64')
        .match(/.{1,64}/g)!
        .join('\n');
      const pem = `-----BEGIN PUBLIC KEY-----\n${lines}\n-----END PUBLIC KEY-----`;
      const secrets = [
        pem,
        `${pem}\n`,
        der,
        point,
        point.subarray(1),
        JSON.stringify(jwk),
        jwk.x,
        jwk.y,
        kid,
        ISSUER,
        '',
      ];
      const text = `${encoded(header({ alg }))}.${encoded(payload())}`;
      const hash = `sha${/\d+/.exec(alg)![0]}`;
      const attempts = secrets.map((secret) => `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`);
      expect(await heldOf(attempts)).toEqual([]);
    },
  );
});

describe('A token of another algorithm than the key', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey;
  const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).privateKey;
  const PADDING_PSS = 6;
  it.each<[string, (text: Buffer) => Buffer]>([
    ['RS256', (text) => sign('sha256', text, rsa)],
    ['PS256', (text) => sign('sha256', text, { key: rsa, padding: PADDING_PSS, saltLength: 32 })],
    ['EdDSA', (text) => sign(null, text, generateKeyPairSync('ed25519').privateKey)],
    ['ES384', (text) => sign('sha384', text, { key: ec('P-384'), dsaEncoding: 'ieee-p1363' })],
    ['ES512', (text) => sign('sha512', text, { key: ec('P-521'), dsaEncoding: 'ieee-p1363' })],
    ['ES256K', (text) => sign('sha256', text, { key: ec('secp256k1'), dsaEncoding: 'ieee-p1363' })],
    ['ES384', (text) => sign('sha384', text, { key: ours().privateKey, dsaEncoding: 'ieee-p1363' })],
  ])('%s is refused under our key id, also when it says ES256', async (alg, signText) => {
    const attempts = [alg, 'ES256'].map((said) => {
      const text = `${encoded(header({ alg: said }))}.${encoded(payload())}`;
      return `${text}.${signText(Buffer.from(text)).toString('base64url')}`;
    });
    expect(await heldOf(attempts)).toEqual([]);
  });
});

describe('A hostile key id', () => {
  it('is refused, and a flood of them asks identity once in five seconds', async () => {
    const { kid } = ours();
    const hostile = [
      ...['', 'nobody', kid.toUpperCase(), ` ${kid}`, `${kid} `, `${kid}\u0000`, `${kid}/`, 'x'.repeat(10_240)],
      ...['../../../../dev/null', '/etc/passwd', 'file:///dev/null', 'http://127.0.0.1/keys', '%2e%2e%2f', '| id'],
      ...[`' OR '1'='1`, `x'; DROP TABLE signing_keys; --`, `' UNION SELECT 'x`, '${7*7}', '\n', '\u202e'],
      ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'size', 'get', '0', 'null'],
      ...[null, undefined, 0, 1, -1, true, [], [kid], [[kid]], {}, { kid }, { length: 1, 0: kid }],
    ];
    const asked = identity.settingsAsked;
    for (const [round, seconds] of [0, 4, 9].entries()) {
      later = seconds;
      const made = Array.from({ length: 500 }, () => randomUUID());
      for (const key of [stranger, ours()]) {
        const attempts = [...hostile, ...made].map((id) => forged(header({ kid: id }), payload(), key.privateKey));
        expect(await heldOf(attempts)).toEqual([]);
      }
      expect(identity.settingsAsked - asked).toBe([1, 1, 2][round]);
    }
  });

  it('that is __proto__ in the header itself changes nothing', async () => {
    const { kid } = ours();
    const polluting = `{"alg":"ES256","typ":"at+jwt","__proto__":{"kid":"${kid}"}}`;
    expect(await heldOf([forged(polluting), forged(polluting, payload(), stranger.privateKey)])).toEqual([]);
    expect(({} as { kid?: string }).kid).toBeUndefined();
  });
});

describe('Where a token says its key is', () => {
  it('is never looked at: the key given there signs nothing, and nobody is asked for it', async () => {
    let fetched = 0;
    const server = createServer((_request, response) => {
      fetched++;
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ keys: [stranger.jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
    const places = [
      { jku: url },
      { x5u: url },
      { jwk: stranger.jwk },
      { x5c: [Buffer.from('a certificate').toString('base64')] },
      { jku: url, x5u: url, jwk: stranger.jwk, x5t: 'x', 'x5t#S256': 'x' },
    ];
    for (const place of places)
      for (const kid of [ours().kid, stranger.kid])
        expect(await present(forged(header({ ...place, kid }), payload(), stranger.privateKey))).toBe('refused');
    for (const place of places) expect(await present(forged(header(place)))).toBe('holds');
    expect(fetched).toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('A broken signature', () => {
  const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex');
  const ZERO = Buffer.alloc(32);
  const ONE = Buffer.concat([Buffer.alloc(31), Buffer.of(1)]);
  const FULL = Buffer.alloc(32, 0xff);
  let signed: string;
  let raw: Buffer;
  beforeAll(() => {
    const token = forged();
    signed = token.slice(0, token.lastIndexOf('.'));
    raw = Buffer.from(token.split('.')[2]!, 'base64url');
  });
  const withSignatures = (signatures: readonly Buffer[]) =>
    heldOf(signatures.map((signature) => `${signed}.${signature.toString('base64url')}`));

  it('is refused with an r or s that is 0, n or beyond', async () => {
    const odd = [ZERO, ORDER, FULL];
    const [r, s] = [raw.subarray(0, 32), raw.subarray(32)];
    const pairs = [
      ...odd.flatMap((one) => odd.map((two) => [one, two])),
      ...odd.flatMap((one) => [
        [one, s],
        [r, one],
      ]),
      [ONE, ONE],
      [s, r],
    ];
    expect(await withSignatures(pairs.map((pair) => Buffer.concat(pair)))).toEqual([]);
  });

  it('is refused as DER, with a byte more or less, and of any other length', async () => {
    const der = sign('sha256', Buffer.from(signed), ours().privateKey);
    const lengths = [
      der,
      raw.subarray(1),
      raw.subarray(0, 63),
      Buffer.concat([raw, Buffer.of(0)]),
      Buffer.concat([Buffer.of(0), raw]),
    ];
    const others = [0, 1, 32, 96, 128].map((length) => Buffer.alloc(length, raw));
    expect(await withSignatures([...lengths, ...others])).toEqual([]);
  });

  it('is refused whichever of its bits is another', async () => {
    const flipped = Array.from({ length: 512 }, (_, bit) => {
      const copy = Buffer.from(raw);
      copy[bit >> 3]! ^= 1 << (bit & 7);
      return copy;
    });
    expect(await withSignatures([raw])).toHaveLength(1);
    expect(await withSignatures(flipped)).toEqual([]);
  });

  it('is refused under another text, were it only longer by a byte', async () => {
    const signature = raw.toString('base64url');
    const other = `${encoded(header())}.${encoded(payload())}`;
    expect(await heldOf([`${other}.${signature}`, `${signed}x.${signature}`, `x${signed}.${signature}`])).toEqual([]);
  });
});

describe('A token in another spelling than identity’s', () => {
  it('is refused where a name stands twice, even when identity signed it', async () => {
    const { kid } = ours();
    const heads = [
      `{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"ES256","typ":"ctx+jwt","typ":"at+jwt","kid":"${kid}"}`,
      `{"alg":"ES256","typ":"at+jwt","kid":"nobody","kid":"${kid}"}`,
      `{"alg":"ES256","typ":"at+jwt","kid":"nobody","k\\u0069d":"${kid}"}`,
    ];
    const said = JSON.stringify(payload());
    const bodies = [
      said.replace('{', `{"tid":"${randomUUID()}",`),
      said.replace('{', '{"exp":1,'),
      said.replace('{', '{"roles":["owner"],'),
      said.replace('}', ',"exp":9999999999}'),
    ];
    expect(
      await heldOf([...heads.map((head) => forged(head)), ...bodies.map((body) => forged(header(), body))]),
    ).toEqual([]);
  });

  it('is refused with anything before, after or between what it says', async () => {
    const [head, body] = [JSON.stringify(header()), JSON.stringify(payload())];
    const odd = (json: string) => [
      ...[` ${json}`, `${json} `, `${json}\n`, `${json}\u0000`, `${json}x`, `${json}{}`, `\ufeff${json}`, `[${json}]`],
      ...[json.replace(':', ': '), json.replace('"a', '"\\u0061'), json.slice(0, -1), JSON.stringify(json)],
    ];
    expect(
      await heldOf([...odd(head).map((text) => forged(text)), ...odd(body).map((text) => forged(header(), text))]),
    ).toEqual([]);
    expect(
      await heldOf(['null', '1', '"x"', '[]', '{}', ''].flatMap((json) => [forged(json), forged(header(), json)])),
    ).toEqual([]);
  });

  it('is refused in two parts, four or five', async () => {
    const token = forged();
    const [head, body, signature] = token.split('.') as [string, string, string];
    const parts = [
      ...[[head], [head, body], [body, signature], [head, signature], [head, body, signature, '']],
      ...[
        [head, body, signature, signature],
        ['', head, body, signature],
        [head, '', body, signature],
      ],
      ...[
        [head, body, body, body, signature],
        [head, '', signature],
        ['', body, signature],
        ['', '', ''],
      ],
    ];
    expect(await heldOf(parts.map((some) => some.join('.')))).toEqual([]);
  });

  it('is refused with padding, the other alphabet, spaces, or bits that nobody reads', async () => {
    const token = forged();
    const [head, body, signature] = token.split('.') as [string, string, string];
    const odd = (part: string) => [
      ...[`${part}=`, `${part}==`, `${part} `, `${part}\t`, `${part}%3D`, `${part}A`],
      ...[`${part.slice(0, 9)} ${part.slice(9)}`, `${part.slice(0, 9)}\n${part.slice(9)}`, part.slice(0, -1)],
    ];
    const respelt = [
      ...odd(head).map((part) => [part, body, signature]),
      ...odd(body).map((part) => [head, part, signature]),
      ...odd(signature).map((part) => [head, body, part]),
      [head, body, Buffer.from(signature, 'base64url').toString('base64')],
    ];
    expect(await heldOf(respelt.map((some) => some.join('.')))).toEqual([]);
    // 64 bytes are 85 characters and two bits of another: 16 of the alphabet's 64 mean the same.
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const last = [...alphabet].map((character) => `${head}.${body}.${signature.slice(0, -1)}${character}`);
    expect(await heldOf(last)).toEqual([token]);
  });
});

describe('A token made for something else', () => {
  it.each([
    ...['JWT', 'jwt', '', 'AT+JWT', 'at+JWT', 'application/at+jwt', 'at+jwt ', 'at', 'id+jwt', 'logout+jwt', 'ctx+jwt'],
    ...['svc+jwt', 'dpop+jwt', 'secevent+jwt', null, undefined, 1, true, [], ['at+jwt'], {}],
  ])('is refused with the type %j', async (typ) => {
    expect(await present(forged(header({ typ })))).toBe('refused');
  });

  it('is refused as an access token: the gateway’s own word to a subgraph', async () => {
    const contexts = createContextTokens(() => NOW * 1_000);
    const token = contexts.tokenFor(anonymousContext(contextFor()), 'notes');
    expect(await present(token)).toBe('refused');
    const said = token.split('.')[1]!;
    const text = `${encoded(header())}.${said}`;
    expect(await present(`${text}.${es256(text, ours().privateKey).toString('base64url')}`)).toBe('refused');
  });

  it.each([
    ...[
      '',
      'notes',
      'INEVITABLE-GATEWAY',
      `${ACCESS_TOKEN_AUDIENCE}/`,
      ` ${ACCESS_TOKEN_AUDIENCE}`,
      null,
      undefined,
      0,
    ],
    ...[[], [ACCESS_TOKEN_AUDIENCE], [ACCESS_TOKEN_AUDIENCE, 'notes'], { 0: ACCESS_TOKEN_AUDIENCE }],
  ])('is refused with the audience %j', async (aud) => {
    expect(await present(forged(header(), payload({ aud })))).toBe('refused');
  });

  it.each([
    ...[`${ISSUER}/`, ISSUER.toUpperCase(), 'HTTP://identity.test', 'http://Identity.test', 'https://identity.test'],
    ...['http://identity.test:80', 'http://identity.test.evil.test', 'http://identity.test@evil.test', 'identity.test'],
    ...[` ${ISSUER}`, `${ISSUER}\u0000`, '', null, undefined, 0, [ISSUER], {}],
  ])('is refused with the issuer %j', async (iss) => {
    expect(await present(forged(header(), payload({ iss })))).toBe('refused');
  });
});

describe('The lifetime of a token', () => {
  const at = (seconds: number) => NOW + seconds;

  it.each<[string, object, number]>([
    ['up to 30 seconds after its end', { exp: at(10) }, 10 + LEEWAY - 1],
    ['from 30 seconds before it may be used', { nbf: at(LEEWAY) }, 0],
    ['when identity’s clock is 30 seconds ahead', { iat: at(LEEWAY), exp: at(LEEWAY + 900) }, 0],
    ['for all of its 15 minutes and 30 seconds more', {}, 900 + LEEWAY - 1],
  ])('holds %s', async (_what, claims, seconds) => {
    later = seconds;
    expect(await present(forged(header(), payload(claims)))).toBe('holds');
  });

  it.each<[string, object, number]>([
    ['30 seconds after its end', { exp: at(10) }, 10 + LEEWAY],
    ['more than 30 seconds before it may be used', { nbf: at(LEEWAY + 1) }, 0],
    ['dated more than 30 seconds ahead', { iat: at(LEEWAY + 1), exp: at(LEEWAY + 901) }, 0],
    ['that is longer than 15 minutes', { exp: at(901) }, 0],
    ['that is a year', { exp: at(31_536_000) }, 0],
    ['that is for ever', { exp: Number.MAX_SAFE_INTEGER }, 0],
    ['without an end', { exp: undefined }, 0],
    ['without a beginning', { iat: undefined }, 0],
    ['whose end is null', { exp: null }, 0],
    ['whose end is text', { exp: String(at(900)) }, 0],
    ['whose end is a list', { exp: [at(900)] }, 0],
    ['whose end is true', { exp: true }, 0],
    ['whose end is a fraction', { exp: at(0.5) }, 0],
    ['whose end is before everything', { exp: -1 }, 0],
    ['whose end is 0', { exp: 0 }, 0],
    ['whose beginning is text', { iat: String(NOW) }, 0],
    ['whose beginning is not a number', { nbf: 'now' }, 0],
    ['that ends in milliseconds', { exp: at(900) * 1_000 }, 0],
  ])('does not hold %s', async (_what, claims, seconds) => {
    later = seconds;
    expect(await present(forged(header(), payload(claims)))).toBe('refused');
  });
});
