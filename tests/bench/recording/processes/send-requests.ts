import { Client } from 'undici';
import { exchange } from '../../load/exchange.js';
import { ask } from '../../measure/ask.js';
import { answerOrders, reportReady } from '../../processes/as-child.js';
import { byMode, MODES, type Mode } from '../modes.js';
import { bodiesOf, clientHeaders } from '../requests.js';

/** What is sent, and to whom. */
export interface Sending {
  /** One address for both, or each another. */
  readonly urls: Readonly<Record<Mode, string>>;
  /** In turn. */
  readonly tokens: readonly string[];
  readonly documents: number;
  readonly clients: number;
  /** They stay open until the end. */
  readonly connections: number;
}

export type SendOrder =
  /** Asks for everything once. Rejects when an answer has errors. */
  | { readonly kind: 'open'; readonly sending: Sending }
  /** One request over each connection, all at once: in both modes the same. Rejects when one of them fails. */
  | { readonly kind: 'send'; readonly mode: Mode };

type Send = (mode: Mode) => Promise<void>;

async function open({ urls, tokens, documents, clients, connections }: Sending): Promise<Send> {
  const texts = bodiesOf(documents);
  const answerBytes = byMode((): number[] => []);
  for (const mode of MODES)
    for (const text of texts) answerBytes[mode].push((await ask(urls[mode], text, tokens[0]!)).bytes.most);

  const bodies = texts.map((text) => Buffer.from(text));
  const headers = clientHeaders(clients);
  const connect = ({ origin }: URL): readonly Client[] =>
    Array.from({ length: connections }, () => new Client(origin, { pipelining: 1 }));
  const targets = byMode((mode) => new URL(urls[mode]));
  const off = connect(targets.off);
  const dispatchers = { off, on: targets.on.origin === targets.off.origin ? off : connect(targets.on) };
  const sent = byMode(() => 0);

  async function sendNext(dispatcher: Client, mode: Mode): Promise<void> {
    const at = sent[mode]++;
    const body = at % bodies.length;
    const client = headers[Math.floor(at / bodies.length) % clients];
    const token = `Bearer ${tokens[at % tokens.length]!}`;
    const { pathname } = targets[mode];
    const { status, bytes, error } = await exchange(dispatcher, pathname, bodies[body]!, token, client);
    if (error !== null) throw error;
    if (status !== 200 || bytes !== answerBytes[mode][body])
      throw new Error(`A request failed: status ${status}, ${bytes} bytes instead of ${answerBytes[mode][body]}.`);
  }
  return async (mode) => void (await Promise.all(dispatchers[mode].map((dispatcher) => sendNext(dispatcher, mode))));
}

let send: Send;
answerOrders(async (order: SendOrder): Promise<null> => {
  if (order.kind === 'open') send = await open(order.sending);
  else await send(order.mode);
  return null;
});
reportReady(null);
