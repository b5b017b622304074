import { request } from 'undici';
import type { AnswerBytes } from '../load/load-order.js';

export interface Answer {
  readonly bytes: AnswerBytes;
  /** Beside it ours tells, for example, what is left of a budget. */
  readonly data: unknown;
}

/** One request outside a load. Throws when the answer is not 200 with data and without errors. */
export async function ask(url: string, body: string, token: string): Promise<Answer> {
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    authorization: `Bearer ${token}`,
  };
  const response = await request(url, { method: 'POST', headers, body });
  const text = await response.body.text();
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`);
  const { data, errors, extensions } = JSON.parse(text) as Record<'data' | 'errors' | 'extensions', unknown>;
  if (!data || errors !== undefined) throw new Error(`an answer with errors: ${text.slice(0, 200)}`);
  const most = Buffer.byteLength(text);
  const ofExtensions = extensions === undefined ? '' : `,"extensions":${JSON.stringify(extensions)}`;
  return { bytes: { least: most - Buffer.byteLength(ofExtensions), most }, data };
}
