import type { GraphQLFormattedError } from 'graphql';
import type { Answer } from '../executor/answer.js';
import { answerText } from '../executor/answer.js';
import type { Increment, PendingPlace, WrittenPart } from '../executor/defer/increments.js';
import type { IncrementalSpec } from '../pipeline/receive.js';

/** The payloads of an answer with something deferred, as a client that names the specification reads them. */
export interface IncrementalFormat {
  first(answer: Answer, pending: readonly PendingPlace[], hasNext: boolean): string;
  next(parts: readonly WrittenPart[], hasNext: boolean): string;
}

export const INCREMENTAL_FORMATS: Readonly<Record<IncrementalSpec, IncrementalFormat>> = {
  /** Incremental delivery as of August 2022: `path` and `label` stand at each increment. */
  'deferSpec=20220824': {
    first: (answer, _pending, hasNext) => withMembers(answer, `"hasNext":${hasNext}`),
    next(parts, hasNext) {
      const increments = parts.flatMap((part) => part.increments).map(incrementOf2022);
      const incremental = increments.length > 0 ? `"incremental":[${increments.join()}],` : '';
      return `{${incremental}"hasNext":${hasNext}}`;
    },
  },
  /** Incremental delivery as of 2023 and later: places are announced as pending, and completed by their id. */
  'incrementalSpec=v0.2': {
    first: (answer, pending, hasNext) =>
      withMembers(answer, `${pending.length > 0 ? `"pending":${pendingText(pending)},` : ''}"hasNext":${hasNext}`),
    next(parts, hasNext) {
      const increments = parts.flatMap((part) => part.increments);
      const pending = parts.flatMap((part) => part.pending);
      const told = increments.filter(({ data }) => data !== null).map(incrementOf2023);
      const members = [
        ...(pending.length > 0 ? [`"pending":${pendingText(pending)}`] : []),
        ...(told.length > 0 ? [`"incremental":[${told.join()}]`] : []),
        ...(increments.length > 0 ? [`"completed":[${increments.map(completedOf).join()}]`] : []),
        `"hasNext":${hasNext}`,
      ];
      return `{${members.join()}}`;
    },
  },
};

const withMembers = (answer: Answer, members: string): string =>
  `${String(answerText(answer)).slice(0, -1)},${members}}`;

const errorsText = (errors: readonly GraphQLFormattedError[]): string =>
  errors.length > 0 ? `,"errors":${JSON.stringify(errors)}` : '';

function incrementOf2022({ at: { label, path }, data, errors }: Increment): string {
  const name = label === null ? '' : `,"label":${JSON.stringify(label)}`;
  return `{"data":${data ?? 'null'},"path":${JSON.stringify(path)}${name}${errorsText(errors)}}`;
}

const incrementOf2023 = ({ at: { id }, data, errors }: Increment): string =>
  `{"id":${JSON.stringify(id)},"data":${data}${errorsText(errors)}}`;

/** Errors beside data belong to the increment; without data, to what could not be completed. */
const completedOf = ({ at: { id }, data, errors }: Increment): string =>
  `{"id":${JSON.stringify(id)}${data === null ? errorsText(errors) : ''}}`;

const pendingText = (pending: readonly PendingPlace[]): string =>
  JSON.stringify(pending.map(({ id, path, label }) => ({ id, path, ...(label !== null && { label }) })));
