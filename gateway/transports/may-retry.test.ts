import { describe, expect, it } from '@jest/globals';
import { mayRetry } from './may-retry.js';

const failure = (code: string, { sent = true, answerBegan = false } = {}) => ({
  error: Object.assign(new Error(code), { code }),
  sent,
  answerBegan,
});
const before = { sent: false };

describe('A fetch is sent again', () => {
  it.each([
    ['a query whose connection was refused', 'query', failure('ECONNREFUSED', before)],
    ['a query whose connection took too long to make', 'query', failure('UND_ERR_CONNECT_TIMEOUT', before)],
    ['a query whose connection was reset', 'query', failure('ECONNRESET')],
    ['a query whose kept-alive connection was closed as it was written', 'query', failure('UND_ERR_SOCKET')],
    ['a mutation whose connection was refused: nothing was written', 'mutation', failure('ECONNREFUSED', before)],
  ] as const)('%s', (_what, kind, broken) => expect(mayRetry(kind, broken)).toBe(true));
});

describe('A fetch is not sent again', () => {
  it.each([
    ['a query whose answer had begun', 'query', failure('UND_ERR_SOCKET', { answerBegan: true })],
    ['a query the client could not even put together', 'query', failure('UND_ERR_INVALID_ARG', before)],
    ['a query to a client that is closed', 'query', failure('UND_ERR_CLOSED', before)],
    ['a mutation that was written', 'mutation', failure('ECONNRESET')],
    ['a mutation whose kept-alive connection was closed', 'mutation', failure('UND_ERR_SOCKET')],
    ['a mutation that was written, whatever the error says', 'mutation', failure('ECONNREFUSED')],
    ['a mutation whose connection took too long to make', 'mutation', failure('UND_ERR_CONNECT_TIMEOUT', before)],
  ] as const)('%s', (_what, kind, broken) => expect(mayRetry(kind, broken)).toBe(false));
});
