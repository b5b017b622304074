import { isDeepStrictEqual } from 'node:util';
import type { AnswerBytes } from '../load/load-order.js';
import { ask, type Answer } from './ask.js';
import type { BenchBed, GatewayUnderTest } from './bench-bed.js';

/** Asked at once, of one gateway. */
const AT_ONCE = 8;

export interface ComparedGateway extends GatewayUnderTest {
  /** Of its answer to each body. */
  readonly answerBytes: readonly AnswerBytes[];
}

/**
 * Asks every gateway for every body, and returns those who answer as the reference does. The reference is
 * `@apollo/gateway`, or the first there is. The others are named to `report`: a fast wrong answer is not a result.
 */
export async function compareAnswers(
  { gateways, token }: BenchBed,
  bodies: readonly string[],
  report: (line: string) => void,
): Promise<ComparedGateway[]> {
  const reference = gateways.find(({ name }) => name === 'apollo-gateway') ?? gateways[0];
  if (!reference) return [];
  const right = await answersOf(reference, bodies, token).catch((error: unknown) => {
    throw new Error(`${reference.name}, by which the others are judged, failed: ${(error as Error).message}`);
  });
  if (isDeepStrictEqual(right[0]!.data, right[1]?.data)) throw new Error('Two seeds have the same answer.');

  const compared: ComparedGateway[] = [];
  for (const gateway of gateways) {
    try {
      const answers = gateway === reference ? right : await answersOf(gateway, bodies, token);
      const wrong = answers.findIndex(({ data }, at) => !isDeepStrictEqual(data, right[at]!.data));
      if (wrong >= 0) throw new Error(`it differs from ${reference.name} for ${bodies[wrong]}`);
      compared.push({ ...gateway, answerBytes: answers.map(({ bytes }) => bytes) });
    } catch (error) {
      report(`${gateway.name} is left out, its answer is wrong: ${(error as Error).message}`);
    }
  }
  return compared;
}

async function answersOf({ url }: GatewayUnderTest, bodies: readonly string[], token: string): Promise<Answer[]> {
  const answers: Answer[] = [];
  let next = 0;
  async function askOneByOne(): Promise<void> {
    while (next < bodies.length) {
      const at = next++;
      answers[at] = await ask(url, bodies[at]!, token);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, askOneByOne));
  return answers;
}
