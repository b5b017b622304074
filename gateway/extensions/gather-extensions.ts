import { CallerError, DeadlinePassed, type RequestContext, requestInLog } from '@inevitable/contract';
import type { Logger } from 'pino';
import { ClientLeft, namesInLog } from '../routing/request-facts.js';
import { NO_MEMBERS, type JsonMembers } from '../executor/answer.js';
import { NO_HEADERS } from '../graphql-over-http/header-list.js';
import { withPairs } from '../graphql-over-http/pairs.js';
import { addedHeaders, listedHeaders } from './added-headers.js';
import { ExtensionFailed } from './extension-failed.js';
import type {
  AnswerAdditions,
  AnswerSeen,
  FetchPrepared,
  GatewayExtension,
  OperationSeen,
  Verdict,
} from './gateway-extension.js';
import { observe, proceed, WrittenAdditions } from './gateway-extension.js';
import type { RequestSeen } from './request-seen.js';

const CONTRACT = 1;

/**
 * The hooks of all extensions, one function each. Null where no extension has the hook. What a hook throws arrives as
 * `ExtensionFailed`; only `onEnd`, `onSubscription`, `onAnswer` and `onRequestEnd`
 * never throw.
 */
export interface GatheredExtensions {
  readonly onOperation: ((operation: OperationSeen) => Verdict | Promise<Verdict>) | null;
  readonly onEnd: ((operation: OperationSeen) => void) | null;
  readonly decidePolicy: ((policy: string, context: RequestContext) => Promise<boolean | undefined>) | null;
  readonly decideOverride: ((label: string, context: RequestContext) => boolean | undefined) | null;
  readonly onSubgraphFetch: ((fetch: FetchPrepared) => Readonly<Record<string, string>> | undefined) | null;
  readonly onSubscription: ((operation: OperationSeen) => void) | null;
  readonly onAnswer: ((answer: AnswerSeen) => WrittenAdditions | undefined) | null;
  readonly onRequestEnd: ((request: RequestSeen) => void) | null;
}

/**
 * Orders extensions by what they need and gathers their hooks. Throws, with a sentence for the operator, on a wrong
 * contract, two of one name, or a need that is not met: a start fails on this, never a request.
 */
export function gatherExtensions(given: readonly GatewayExtension[], log: Logger): GatheredExtensions {
  const extensions = inOrder(given);
  const having = <Hook extends keyof GatewayExtension>(hook: Hook) =>
    extensions.filter((extension): extension is Having<Hook> => Boolean(extension[hook]));
  const operations = having('onOperation');
  const ends = having('onEnd');
  const policies = having('decidePolicy');
  const overrides = having('decideOverride');
  const fetches = having('onSubgraphFetch');
  const subscriptions = having('onSubscription');
  const answers = having('onAnswer');
  const requests = having('onRequestEnd');

  return {
    onOperation: operations.length === 0 ? null : (operation) => inTurn(operations, 0, operation, proceed),
    onEnd:
      ends.length === 0
        ? null
        : (operation) => {
            for (const extension of ends) {
              try {
                extension.onEnd(operation);
              } catch (error) {
                const err = new ExtensionFailed(extension, 'onEnd', error);
                log.error({ err, ...requestInLog(operation.context) }, 'An extension failed as an operation ended.');
              }
            }
          },
    decidePolicy:
      policies.length === 0
        ? null
        : async (policy, context) => {
            for (const extension of policies) {
              const decided = await attemptLater(extension, 'decidePolicy', async () =>
                extension.decidePolicy(policy, context),
              );
              if (decided !== undefined) return decided;
            }
            return undefined;
          },
    decideOverride:
      overrides.length === 0
        ? null
        : (label, context) => {
            for (const extension of overrides) {
              const decided = attempt(extension, 'decideOverride', () => extension.decideOverride(label, context));
              if (decided !== undefined) return decided;
            }
            return undefined;
          },
    onSubgraphFetch:
      fetches.length === 0
        ? null
        : (fetch) => {
            let headers: Readonly<Record<string, string>> | undefined;
            for (const extension of fetches) {
              const more = attempt(extension, 'onSubgraphFetch', () => {
                const wanted = extension.onSubgraphFetch(fetch);
                return wanted && addedHeaders(wanted);
              });
              if (more) headers = { ...headers, ...more };
            }
            return headers;
          },
    onSubscription:
      subscriptions.length === 0
        ? null
        : (operation) => {
            for (const extension of subscriptions) {
              try {
                extension.onSubscription(operation);
              } catch (error) {
                const err = new ExtensionFailed(extension, 'onSubscription', error);
                const request = requestInLog(operation.context);
                log.error({ err, ...request }, 'A subscription begins, and an extension failed over it.');
              }
            }
          },
    onAnswer:
      answers.length === 0
        ? null
        : (answer) => {
            let added: WrittenAdditions | undefined;
            for (const extension of answers) {
              try {
                const wanted = extension.onAnswer(answer);
                if (!wanted) continue;
                const more = wanted instanceof WrittenAdditions ? wanted : written(wanted);
                added = added ? together(added, more) : more;
              } catch (error) {
                // What was fetched is the client's all the same: a mutation that has run must not look as if it had not.
                const err = new ExtensionFailed(extension, 'onAnswer', error);
                const request = requestInLog(answer.operation.context);
                log.error({ err, ...request }, 'An answer goes without what an extension adds.');
              }
            }
            return added;
          },
    onRequestEnd:
      requests.length === 0
        ? null
        : (request) => {
            for (const extension of requests) {
              try {
                extension.onRequestEnd(request);
              } catch (error) {
                const err = new ExtensionFailed(extension, 'onRequestEnd', error);
                log.error({ err, ...namesInLog(request) }, 'An extension failed over a request that has ended.');
              }
            }
          },
  };
}

type Having<Hook extends keyof GatewayExtension> = GatewayExtension & Required<Pick<GatewayExtension, Hook>>;

/** A `CallerError` is for the client, whoever throws it, and an operation may end meanwhile; anything else is a fault of the extension. */
const failureOf = (extension: GatewayExtension, hook: keyof GatewayExtension, error: unknown): Error =>
  error instanceof CallerError || error instanceof ClientLeft || error instanceof DeadlinePassed
    ? error
    : new ExtensionFailed(extension, hook, error);

function attempt<Result>(extension: GatewayExtension, hook: keyof GatewayExtension, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    throw failureOf(extension, hook, error);
  }
}

const attemptLater = <Result>(
  extension: GatewayExtension,
  hook: keyof GatewayExtension,
  run: () => Promise<Result>,
): Promise<Result> =>
  run().catch((error: unknown) => {
    throw failureOf(extension, hook, error);
  });

/** Throws for what cannot be written: that costs the addition here, and would cost the answer later. */
const written = ({ extensions, headers }: AnswerAdditions): WrittenAdditions =>
  new WrittenAdditions(
    extensions ? writtenExtensions(extensions) : NO_MEMBERS,
    headers ? listedHeaders(headers) : NO_HEADERS,
  );

function writtenExtensions(extensions: Readonly<Record<string, unknown>>): JsonMembers {
  const members: string[] = [];
  for (const name of Object.keys(extensions)) {
    const text = JSON.stringify(extensions[name]) as string | undefined;
    if (text !== undefined) members.push(JSON.stringify(name), text);
  }
  return members;
}

/** Of two extensions that add the same name, the later one is heard. */
const together = (added: WrittenAdditions, more: WrittenAdditions): WrittenAdditions =>
  new WrittenAdditions(withPairs(added.extensions, more.extensions), withPairs(added.headers, more.headers));

/** Asks one after the other until one rejects. Waits only for those that answer later. */
function inTurn(
  extensions: readonly Having<'onOperation'>[],
  from: number,
  operation: OperationSeen,
  before: Verdict,
): Verdict | Promise<Verdict> {
  let sofar = before;
  for (let index = from; index < extensions.length; index++) {
    const extension = extensions[index]!;
    const verdict = attempt(extension, 'onOperation', () => extension.onOperation(operation));
    if (verdict instanceof Promise)
      return attemptLater(extension, 'onOperation', () => verdict).then((answered) =>
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
