import { LRUCache } from 'lru-cache';

/**
 * How one answer is written (GraphQL over HTTP, draft of 2025, "Media Types"). `legacyJson` is for a client that accepts
 * `application/json` and no other JSON: it may come from before the draft, reads any status but 200 as a broken
 * connection, and so gets 200 for a document that does not parse or validate.
 */
export type ResponseFormat = 'graphqlResponse' | 'json' | 'legacyJson';

/**
 * How the events of a subscription are written: as server-sent events (graphql-sse, "distinct connections mode"), or as
 * parts (Apollo's "multipart subscription protocol").
 */
export type SubscriptionFormat = 'eventStream' | 'multipart';

/** How increments of a deferred answer are written: as a client that names one of these reads them. */
export type IncrementalSpec = 'deferSpec=20220824' | 'incrementalSpec=v0.2';

/** What a client reads, by what its operation comes to. At least one of them is not null. */
export interface AcceptedFormats {
  /** Null: the client reads streams only; its one answer is the only payload of one. */
  readonly answer: ResponseFormat | null;
  /** Null: the client cannot subscribe. */
  readonly subscription: SubscriptionFormat | null;
  /** Null: the client reads no increments, or would rather have one answer. */
  readonly increments: IncrementalSpec | null;
}

export const CONTENT_TYPE: Readonly<Record<ResponseFormat, string>> = {
  graphqlResponse: 'application/graphql-response+json; charset=utf-8',
  json: 'application/json; charset=utf-8',
  legacyJson: 'application/json; charset=utf-8',
};

/** Clients that name no stream are most of all; what they read is not made anew for each. */
const ANSWER_ONLY: Readonly<Record<ResponseFormat, AcceptedFormats>> = {
  graphqlResponse: { answer: 'graphqlResponse', subscription: null, increments: null },
  json: { answer: 'json', subscription: null, increments: null },
  legacyJson: { answer: 'legacyJson', subscription: null, increments: null },
};

/** By what a client sends: most send one of a handful. */
const chosen = new LRUCache<string, AcceptedFormats | 'none'>({ max: 100 });
const LONGEST_REMEMBERED = 1_000;

/** Chooses by `Accept` (RFC 9110, section 12.5.1). Null: nothing we can write is acceptable. */
export function negotiateFormat(accept: string | undefined): AcceptedFormats | null {
  if (accept === undefined || accept === '' || accept === '*/*') return ANSWER_ONLY.json;
  let formats = chosen.get(accept);
  if (formats === undefined) {
    formats = choose(accept) ?? 'none';
    if (accept.length <= LONGEST_REMEMBERED) chosen.set(accept, formats);
  }
  return formats === 'none' ? null : formats;
}

function choose(accept: string): AcceptedFormats | null {
  if (accept.trim() === '') return ANSWER_ONLY.json;
  const json: JsonQuality = { graphqlResponse: -1, json: -1, wildcard: -1, first: null };
  let subscription: Preferred<SubscriptionFormat> | null = null;
  let increments: Preferred<IncrementalSpec> | null = null;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = qualityOf(parameters);
    switch (type) {
      case 'application/graphql-response+json':
        json.graphqlResponse = q;
        json.first ??= 'graphqlResponse';
        break;
      case 'application/json':
        json.json = q;
        json.first ??= 'json';
        break;
      case '*/*':
      case 'application/*':
        json.wildcard = Math.max(json.wildcard, q);
        break;
      case 'text/event-stream':
        subscription = preferred(subscription, 'eventStream', q);
        break;
      case 'multipart/mixed':
        if (isSubscriptionSpec(parameters)) subscription = preferred(subscription, 'multipart', q);
        else increments = preferred(increments, incrementalSpecOf(parameters), q);
        break;
    }
  }
  const answer = chooseJson(json);
  if (subscription === null && increments === null) return answer && ANSWER_ONLY[answer];
  const prefersOneAnswer = increments !== null && Math.max(json.graphqlResponse, json.json) > increments.q;
  return {
    answer,
    subscription: subscription && subscription.format,
    increments: increments && !prefersOneAnswer ? increments.format : null,
  };
}

interface JsonQuality {
  graphqlResponse: number;
  json: number;
  wildcard: number;
  /** Which of the two was named first: it wins where both are as good. */
  first: 'graphqlResponse' | 'json' | null;
}

function chooseJson({ graphqlResponse, json, wildcard, first }: JsonQuality): ResponseFormat | null {
  if (graphqlResponse > 0 && (graphqlResponse > json || (graphqlResponse === json && first === 'graphqlResponse')))
    return 'graphqlResponse';
  if (json > 0) return graphqlResponse > 0 || wildcard > 0 ? 'json' : 'legacyJson';
  // `json` refused in so many words (q=0) leaves the newer type, if the wildcard covers it.
  if (wildcard > 0) return json === 0 ? (graphqlResponse === 0 ? null : 'graphqlResponse') : 'json';
  return null;
}

interface Preferred<Format> {
  readonly format: Format;
  readonly q: number;
}

/** The better of the two; the one that was named first where they are as good. */
const preferred = <Format>(
  known: Preferred<Format> | null,
  format: Format | null,
  q: number,
): Preferred<Format> | null => (format === null || q === 0 || (known && known.q >= q) ? known : { format, q });

const isSubscriptionSpec = (parameters: readonly string[]): boolean =>
  valueOf(parameters, 'subscriptionspec') === '1.0';

/** A client that names none (urql) reads both: it gets the one that has been around for longer. */
function incrementalSpecOf(parameters: readonly string[]): IncrementalSpec | null {
  if (valueOf(parameters, 'incrementalspec') === 'v0.2') return 'incrementalSpec=v0.2';
  if (valueOf(parameters, 'deferspec') === '20220824') return 'deferSpec=20220824';
  return parameters.some((parameter) => /^\w+spec=/.test(parameter)) ? null : 'deferSpec=20220824';
}

function qualityOf(parameters: readonly string[]): number {
  const text = valueOf(parameters, 'q');
  if (text === undefined) return 1;
  const q = Number(text);
  return q >= 0 && q <= 1 ? q : 0;
}

/** Of a parameter by its name in lower case; the value as a token or a quoted string (RFC 9110, section 5.6.6). */
const valueOf = (parameters: readonly string[], name: string): string | undefined =>
  parameters
    .find((parameter) => parameter.startsWith(`${name}=`))
    ?.slice(name.length + 1)
    .replace(/^"(.*)"$/, '$1');
