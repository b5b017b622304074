import type { z } from 'zod';

/**
 * What is wrong with an input, for the person who wrote it: it goes on behind the name of the field. Zod asks for it
 * where a schema has no words of its own; undefined: then zod's are good enough.
 */
export function issueInWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
    case 'too_small': {
      const { origin, minimum, inclusive, exact } = issue;
      if (origin in COUNTED) return `must have ${exact ? '' : 'at least '}${counted(minimum, origin)}`;
      return `must be ${inclusive ? 'at least' : 'more than'} ${minimum}`;
    }
    case 'too_big': {
      const { origin, maximum, inclusive, exact } = issue;
      if (origin in COUNTED) return `must have ${exact ? '' : 'at most '}${counted(maximum, origin)}`;
      return `must be ${inclusive ? 'at most' : 'less than'} ${maximum}`;
    }
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_value': {
      const values = issue.values.map((value) => (typeof value === 'string' ? `"${value}"` : String(value)));
      return `must be ${values.length > 1 ? 'one of ' : ''}${values.join(', ')}`;
    }
    case 'invalid_format':
      return issue.format === 'regex' ? 'must have another form' : `must be of the form "${issue.format}"`;
    case 'unrecognized_keys':
      return `must not have ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
    case 'invalid_union':
      return 'fits none of what it may be';
    default:
      return undefined;
  }
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  date: 'a date with a time',
  array: 'a list',
  object: 'an object',
};

/** What has a number of something: one, and several. */
const COUNTED: Readonly<Record<string, readonly [string, string]>> = {
  string: ['character', 'characters'],
  array: ['entry', 'entries'],
};

function counted(count: number | bigint, origin: string): string {
  const [one, several] = COUNTED[origin]!;
  return `${count} ${count == 1 ? one : several}`;
}
