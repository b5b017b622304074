import type { RequestContext } from '@inevitable/contract';
import type {
  AnswerAdditions,
  AnswerSeen,
  FetchPrepared,
  GatewayExtension,
  OperationSeen,
  Verdict,
} from './gateway-extension.js';
import { observe, proceed } from './gateway-extension.js';

const CONTRACT = 1;
/** Headers that say who the caller is, or belong to the connection: nobody but the transport writes them. */
const RESERVED = /^(x-inevitable-|host$|connection$|content-length$|content-type$|transfer-encoding$|authorization$)/i;

/** The hooks of all extensions, one function each. Null where no extension has the hook. */
export interface GatheredExtensions {
  readonly onOperation: ((operation: OperationSeen) => Verdict | Promise<Verdict>) | null;
  readonly decidePolicy: ((policy: string, context: RequestContext) => Promise<boolean | undefined>) | null;
  readonly decideOverride: ((label: string, context: RequestContext) => boolean | undefined) | null;
  readonly onSubgraphFetch: ((fetch: FetchPrepared) => Readonly<Record<string, string>> | undefined) | null;
  readonly onAnswer: ((answer: AnswerSeen) => AnswerAdditions | undefined) | null;
}

/**
 * Orders extensions by what they need and gathers their hooks. Throws, with a sentence for the operator, on a wrong
 * contract, two of one name, or a need that is not met: a start fails on this, never a request.
 */
export function gatherExtensions(given: readonly GatewayExtension[]): GatheredExtensions {
  const extensions = inOrder(given);
  const having = <Hook extends keyof GatewayExtension>(hook: Hook) =>
    extensions.filter((extension): extension is GatewayExtension & Required<Pick<GatewayExtension, Hook>> =>
      Boolean(extension[hook]),
    );
  const operations = having('onOperation');
  const policies = having('decidePolicy');
  const overrides = having('decideOverride');
  const fetches = having('onSubgraphFetch');
  const answers = having('onAnswer');

  return {
    onOperation: operations.length === 0 ? null : (operation) => inTurn(operations, 0, operation, proceed),
    decidePolicy:
      policies.length === 0
        ? null
        : async (policy, context) => {
            for (const extension of policies) {
              const decided = await extension.decidePolicy(policy, context);
              if (decided !== undefined) return decided;
            }
            return undefined;
          },
    decideOverride:
      overrides.length === 0
        ? null
        : (label, context) => {
            for (const extension of overrides) {
              const decided = extension.decideOverride(label, context);
              if (decided !== undefined) return decided;
            }
            return undefined;
          },
    onSubgraphFetch:
      fetches.length === 0
        ? null
        : (fetch) => {
            const headers: Record<string, string> = {};
            for (const extension of fetches) {
              for (const [name, value] of Object.entries(extension.onSubgraphFetch(fetch) ?? {})) {
                if (RESERVED.test(name))
                  throw new Error(
                    `Extension "${extension.name}" may not set the header "${name}" of a subgraph request.`,
                  );
                headers[name.toLowerCase()] = value;
              }
            }
            return headers;
          },
    onAnswer:
      answers.length === 0
        ? null
        : (answer) => {
            let added: AnswerAdditions | undefined;
            for (const extension of answers) {
              const more = extension.onAnswer(answer);
              if (more)
                added = {
                  extensions: { ...added?.extensions, ...more.extensions },
                  headers: { ...added?.headers, ...more.headers },
                };
            }
            return added;
          },
  };
}

type Deciding = Required<Pick<GatewayExtension, 'onOperation'>>;

/** Asks one after the other until one rejects. Waits only for those that answer later. */
function inTurn(
  extensions: readonly Deciding[],
  from: number,
  operation: OperationSeen,
  before: Verdict,
): Verdict | Promise<Verdict> {
  let sofar = before;
  for (let index = from; index < extensions.length; index++) {
    const verdict = extensions[index]!.onOperation(operation);
    if (verdict instanceof Promise)
      return verdict.then((answered) =>
        answered.kind === 'reject' ? answered : inTurn(extensions, index + 1, operation, both(sofar, answered)),
      );
    if (verdict.kind === 'reject') return verdict;
    sofar = both(sofar, verdict);
  }
  return sofar;
}

const both = (one: Verdict, other: Verdict): Verdict =>
  (one.kind === 'proceed' && one.observe) || (other.kind === 'proceed' && other.observe) ? observe : proceed;

function inOrder(given: readonly GatewayExtension[]): readonly GatewayExtension[] {
  const byName = new Map<string, GatewayExtension>();
  for (const extension of given) {
    if (extension.contract !== CONTRACT)
      throw new Error(
        `Gateway extension "${extension.name}" is written for contract ${String(extension.contract)}; this gateway has contract ${CONTRACT}.`,
      );
    if (byName.has(extension.name)) throw new Error(`There are two gateway extensions named "${extension.name}".`);
    byName.set(extension.name, extension);
  }
  const ordered = new Set<GatewayExtension>();
  const place = (extension: GatewayExtension, above: readonly string[]): void => {
    if (ordered.has(extension)) return;
    if (above.includes(extension.name))
      throw new Error(`Gateway extensions need each other in a circle: ${[...above, extension.name].join(' → ')}.`);
    for (const need of extension.needs ?? []) {
      const needed = byName.get(need);
      if (!needed) throw new Error(`Gateway extension "${extension.name}" needs "${need}", which is not loaded.`);
      place(needed, [...above, extension.name]);
    }
    ordered.add(extension);
  };
  for (const extension of given) place(extension, []);
  return [...ordered];
}
