import type { GatewayName } from '../gateways/gateway-names.js';
import type { GatewayUnderTest } from './bench-bed.js';

export interface RoundsWork<Gateway, Result> {
  readonly gateways: readonly Gateway[];
  readonly rounds: number;
  warmUp(gateway: Gateway): Promise<void>;
  measure(gateway: Gateway): Promise<Result>;
}

/**
 * Warms every gateway up, then measures them in turn within each round, so that what disturbs the machine for a while
 * disturbs them all. A gateway whose requests fail is left out and named to `report`: figures of the rest would mislead.
 */
export async function inRounds<Gateway extends GatewayUnderTest, Result>(
  { gateways, rounds, warmUp, measure }: RoundsWork<Gateway, Result>,
  report: (line: string) => void,
): Promise<Map<GatewayName, Result[]>> {
  const results = new Map<GatewayName, Result[]>(gateways.map(({ name }) => [name, []]));
  async function forEachGateway(inTurn: readonly Gateway[], work: (gateway: Gateway) => Promise<void>): Promise<void> {
    for (const gateway of inTurn.filter(({ name }) => results.has(name))) {
      try {
        await work(gateway);
      } catch (error) {
        report(`${gateway.name} is left out: ${(error as Error).message}`);
        results.delete(gateway.name);
      }
    }
  }

  await forEachGateway(gateways, warmUp);
  for (let round = 0; round < rounds; round++) {
    // There and back: what grows meanwhile, such as another's load, is shared out.
    await forEachGateway(
      round % 2 === 0 ? gateways : [...gateways].reverse(),
      async (gateway) => void results.get(gateway.name)!.push(await measure(gateway)),
    );
  }
  return results;
}
