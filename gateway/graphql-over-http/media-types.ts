/**
 * How an answer is written (GraphQL over HTTP, draft of 2025, "Media Types"). `legacyJson` is for a client that accepts
 * `application/json` and nothing wider: it may come from before the draft, reads any status but 200 as a broken
 * connection, and so gets 200 for a document that does not parse or validate.
 */
export type ResponseFormat = 'graphqlResponse' | 'json' | 'legacyJson';

export const CONTENT_TYPE: Readonly<Record<ResponseFormat, string>> = {
  graphqlResponse: 'application/graphql-response+json; charset=utf-8',
  json: 'application/json; charset=utf-8',
  legacyJson: 'application/json; charset=utf-8',
};

/** Chooses by `Accept` (RFC 9110, section 12.5.1). Null: nothing we can write is acceptable. */
export function negotiateFormat(accept: string | undefined): ResponseFormat | null {
  if (accept === undefined || accept.trim() === '' || accept === '*/*') return 'json';
  const quality = { graphqlResponse: -1, json: -1, wildcard: -1 };
  let first: 'graphqlResponse' | 'json' | null = null;
  for (const range of accept.split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const q = qualityOf(parameters);
    if (type === 'application/graphql-response+json') {
      quality.graphqlResponse = q;
      first ??= 'graphqlResponse';
    } else if (type === 'application/json') {
      quality.json = q;
      first ??= 'json';
    } else if (type === '*/*' || type === 'application/*') {
      quality.wildcard = Math.max(quality.wildcard, q);
    }
  }
  const { graphqlResponse, json, wildcard } = quality;
  if (graphqlResponse > 0 && (graphqlResponse > json || (graphqlResponse === json && first === 'graphqlResponse')))
    return 'graphqlResponse';
  if (json > 0) return graphqlResponse > 0 || wildcard > 0 ? 'json' : 'legacyJson';
  // `json` refused in so many words (q=0) leaves the newer type, if the wildcard covers it.
  if (wildcard > 0) return json === 0 ? (graphqlResponse === 0 ? null : 'graphqlResponse') : 'json';
  return null;
}

function qualityOf(parameters: readonly string[]): number {
  const text = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
  if (text === undefined) return 1;
  const q = Number(text);
  return q >= 0 && q <= 1 ? q : 0;
}
