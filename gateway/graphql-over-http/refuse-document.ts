import type { ErrorCode } from '@inevitable/contract';
import { RequestRefused, type RefusedError } from './request-refused.js';

export const MAX_ERRORS = 10;
const MAX_MESSAGE_CHARACTERS = 300;

export interface FieldProblem {
  readonly message: string;
  readonly field?: string;
  readonly locations?: RefusedError['locations'] | undefined;
}

/** The document, its operation or its variables: not run, for reasons the client can read and repair. */
export const refused = (code: ErrorCode, problems: readonly FieldProblem[]): RequestRefused =>
  new RequestRefused({
    code,
    aboutDocument: true,
    errors: problems.map(({ message, field, locations }) => ({
      message: shorten(message),
      ...(locations && { locations }),
      extensions: { code, ...(field !== undefined && { field }) },
    })),
  });

/** A message may quote what was sent, and that may be a megabyte. */
export const shorten = (text: string): string =>
  text.length > MAX_MESSAGE_CHARACTERS ? `${text.slice(0, MAX_MESSAGE_CHARACTERS)}…` : text;
