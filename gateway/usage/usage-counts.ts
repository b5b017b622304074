import type { OperationUsage } from '@inevitable/contract';
import type { Client } from './clients-seen.js';
import type { RecordableOperation } from './recordable-operation.js';

/** Of one flush: an operation, a client, a plan and an hour make one. */
const MOST_ENTRIES = 10_000;
/** Of the documents and inputs of all entries: what they take in memory, and on their way to operations. */
const MOST_CHARACTERS = 64_000_000;
/** Of both, what callers of no tenant may take, who may be anybody: a fifth, so that tenants' operations are always counted. */
const OF_NO_TENANT = 0.2;
/** Of one batch, which is one request to operations apart, and takes at most 20 MB there. */
const BATCH_CHARACTERS = 4_000_000;
/** What an entry takes beside its document and inputs. */
const ENTRY_CHARACTERS = 500;
const MOST_INPUTS = 200;
/** Ten minutes of flushes: operations is back before that, or takes it never. */
const MOST_TRIES = 60;

interface Counted {
  readonly operation: RecordableOperation;
  readonly inputs: Set<string>;
  /** Of its document and inputs. */
  characters: number;
  readonly entries: Entry[];
  /** The same by plan, and by client, of which there is one object for an hour. */
  readonly byPlan: Map<string | null, Map<Client, Entry>>;
  /** The one that was counted last, and is mostly the next one, too. */
  last: Entry | null;
  /** As `inputs` tells them, made once. */
  readonly tellInput: (coordinate: string) => void;
}

interface Entry {
  readonly client: Client;
  readonly plan: string | null;
  count: number;
  errors: number;
  totalMs: number;
  /** How often it was not taken. */
  tries: number;
}

/** An entry and the operation it counts. */
export interface CountedUsage {
  readonly counted: Counted;
  readonly entry: Entry;
}

export interface Sent {
  readonly operation: RecordableOperation;
  readonly client: Client;
  readonly plan: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly isError: boolean;
  readonly durationMs: number;
}

/** What was sent since the last flush, within bounds. */
export class UsageCounts {
  readonly #counted = new Map<string, Counted>();
  #entries = 0;
  #characters = 0;
  /** Of these, those of no tenant. */
  #ofNoTenant = { entries: 0, characters: 0 };
  #dropped = 0;

  /** How many requests were not counted, for want of room. */
  get dropped(): number {
    return this.#dropped;
  }

  add({ operation, client, plan, variables, isError, durationMs }: Sent): void {
    const entry = this.#entryOf(operation, client, plan);
    if (!entry) {
      this.#dropped++;
      return;
    }
    entry.count++;
    if (isError) entry.errors++;
    entry.totalMs += durationMs;
    operation.readInputs?.(variables, this.#counted.get(operation.signature)!.tellInput);
  }

  /** Adds what was not taken, for the next try. */
  restore({ counted: { operation, inputs }, entry }: CountedUsage): void {
    const { client, plan, count, errors, totalMs, tries } = entry;
    const restored = tries + 1 < MOST_TRIES ? this.#entryOf(operation, client, plan) : null;
    if (!restored) {
      this.#dropped += count;
      return;
    }
    restored.count += count;
    restored.errors += errors;
    restored.totalMs += totalMs;
    restored.tries = Math.max(restored.tries, tries + 1);
    inputs.forEach(this.#counted.get(operation.signature)!.tellInput);
  }

  /** All of it, in batches of a size that can be sent. */
  *batches(): Generator<CountedUsage[]> {
    let batch: CountedUsage[] = [];
    let characters = 0;
    for (const counted of this.#counted.values()) {
      for (const entry of counted.entries) {
        batch.push({ counted, entry });
        characters += counted.characters + ENTRY_CHARACTERS;
        if (characters < BATCH_CHARACTERS) continue;
        yield batch;
        batch = [];
        characters = 0;
      }
    }
    if (batch.length) yield batch;
  }

  /** Null: there is no room for another one. */
  #entryOf(operation: RecordableOperation, client: Client, plan: string | null): Entry | null {
    let counted = this.#counted.get(operation.signature);
    const last = counted?.last;
    if (last?.client === client && last.plan === plan) return last;
    const known = counted?.byPlan.get(plan)?.get(client);
    if (counted && known) return (counted.last = known);
    const characters = (counted?.characters ?? operation.document.length) + ENTRY_CHARACTERS;
    if (!this.#hasRoom(characters, plan === null)) return null;
    if (!counted) this.#counted.set(operation.signature, (counted = countedOf(operation)));
    const entry = { client, plan, count: 0, errors: 0, totalMs: 0, tries: 0 };
    counted.entries.push(entry);
    const ofPlan = counted.byPlan.get(plan);
    if (ofPlan) ofPlan.set(client, entry);
    else counted.byPlan.set(plan, new Map([[client, entry]]));
    counted.last = entry;
    this.#entries++;
    this.#characters += characters;
    if (plan === null) {
      this.#ofNoTenant.entries++;
      this.#ofNoTenant.characters += characters;
    }
    return entry;
  }

  #hasRoom(characters: number, isOfNoTenant: boolean): boolean {
    if (this.#entries >= MOST_ENTRIES || this.#characters + characters > MOST_CHARACTERS) return false;
    if (!isOfNoTenant) return true;
    const taken = this.#ofNoTenant;
    return (
      taken.entries < MOST_ENTRIES * OF_NO_TENANT && taken.characters + characters <= MOST_CHARACTERS * OF_NO_TENANT
    );
  }
}

function countedOf(operation: RecordableOperation): Counted {
  const inputs = new Set<string>();
  const counted: Counted = {
    operation,
    inputs,
    characters: operation.document.length,
    entries: [],
    byPlan: new Map(),
    last: null,
    tellInput(coordinate) {
      if (inputs.has(coordinate) || inputs.size >= MOST_INPUTS) return;
      inputs.add(coordinate);
      counted.characters += coordinate.length;
    },
  };
  return counted;
}

/** As a port takes it. `sample`: the share of requests that was counted; the others are taken to be like them. */
export const usageOf = ({ counted, entry }: CountedUsage, sample: number): OperationUsage => ({
  signature: counted.operation.signature,
  operationName: counted.operation.operationName,
  document: counted.operation.document,
  inputs: [...counted.inputs].sort(),
  client: { name: entry.client.name, version: entry.client.version },
  plan: entry.plan,
  hour: entry.client.hour,
  count: Math.round(entry.count / sample),
  errors: Math.round(entry.errors / sample),
  totalMs: entry.totalMs / sample,
});
