import {
  anonymousContext,
  contextFromAccessToken,
  ACCESS_TOKEN_AUDIENCE,
  type Entitlements,
  type Feature,
  type RequestContext,
  type TenantId,
  type UserId,
  type SessionId,
} from '@inevitable/contract';
import { ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { parse, print, type DocumentNode, type GraphQLSchema } from 'graphql';
import { composeSupergraph } from '../supergraph/compose-supergraph.js';

const IMPORTS = '["@key", "@interfaceObject", "@authenticated", "@requiresScopes", "@policy"]';

/** Composes the subgraphs, named `s0`, `s1` …. `imports`: what the federation header imports. */
export function composed(subgraphs: readonly string[], imports = IMPORTS): string {
  const header = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${imports})\n`;
  const composition = composeSupergraph(
    subgraphs.map((sdl, index) => ({ name: `s${index}`, routingUrl: `http://s${index}.test`, sdl: header + sdl })),
  );
  if (composition.kind === 'failed') throw new Error(composition.errors.map(({ message }) => message).join('\n'));
  return composition.sdl;
}

/** What clients see of a supergraph that uses access control. */
export const clientSchema = (supergraphSdl: string): GraphQLSchema =>
  Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES })
    .apiSchema()
    .toGraphQLJSSchema();

const request = (signal: AbortSignal) => ({
  requestId: 'request-1',
  trace: null,
  deadline: Date.now() + 30_000,
  signal,
  deployment: 'customer' as const,
});

export const nobody = (signal: AbortSignal = new AbortController().signal): RequestContext =>
  anonymousContext(request(signal));

export const ADAS_TENANT = '00000000-0000-4000-8000-00000000ac3e' as TenantId;

/** Someone who is signed in, in one tenant. */
export const somebody = ({
  may = '',
  tid = ADAS_TENANT,
  ent = 'digest-1',
  signal = new AbortController().signal,
}: { may?: string; tid?: TenantId; ent?: string; signal?: AbortSignal } = {}): RequestContext =>
  contextFromAccessToken(
    {
      iss: 'http://identity.test',
      aud: ACCESS_TOKEN_AUDIENCE,
      sub: 'ada' as UserId,
      sid: 'session-1' as SessionId,
      tid,
      roles: ['member'],
      scope: may,
      plan: 'free',
      ent,
      amr: ['pwd'],
      auth_time: 0,
      rev: 0,
      iat: 0,
      exp: 0,
      jti: 'token-1',
    },
    request(signal),
  );

export const entitlementsWith = (features: Readonly<Record<string, Feature>>, digest = 'digest-1'): Entitlements => ({
  plan: 'free',
  digest,
  features,
});

/** Prints a document on one line, to be compared. */
export const oneLine = (document: DocumentNode): string => print(document).replace(/\s+/g, ' ').trim();

/** Equal to `oneLine` of the parsed text. */
export const line = (source: string): string => oneLine(parse(source));
