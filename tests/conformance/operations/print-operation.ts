import {
  GraphQLBoolean,
  GraphQLNonNull,
  isEnumType,
  isNonNullType,
  getNamedType,
  type GraphQLInputType,
} from 'graphql';
import type { Operation } from '../engines/engine-under-test.js';
import type {
  ArgumentTree,
  Condition,
  FieldTree,
  FragmentTree,
  Input,
  InputValue,
  OperationTree,
  SelectionTree,
} from './selection-tree.js';

/** The tree as a document. Where two fields would not merge under one name, the later one gets another name. */
export function printOperation({ kind, selections, variablePrefix, other }: OperationTree): Operation {
  const main = new OperationPrinter(variablePrefix);
  const body = main.selectionSet(selections, new Scope());
  if (!other) {
    const source = `${kind} ${main.definitions()}${body}${main.fragments()}`;
    return { source, operationName: null, variables: main.variables };
  }
  const second = new OperationPrinter('other');
  const otherBody = second.selectionSet(other, new Scope());
  const source = `query Other${second.definitions()}${otherBody} ${kind} Main${main.definitions()}${body}${main.fragments()}${second.fragments()}`;
  return { source, operationName: 'Main', variables: main.variables };
}

/** One field of an answer, as the merging rule sees it (GraphQL specification 5.3.2). */
interface FieldUse {
  readonly name: string;
  readonly parent: FieldTree;
  /** Field and arguments, printed. */
  readonly call: string;
  readonly inner: readonly FieldUse[];
}

/** The fields that share one place of the answer. */
class Scope {
  readonly #uses = new Map<string, { uses: FieldUse[]; inner: Scope }>();

  /** Stricter than the specification, which lets exclusive types disagree about more. */
  admits({ name, parent, call, inner }: FieldUse): boolean {
    const taken = this.#uses.get(name);
    if (!taken) return true;
    const merge = taken.uses.every((use) => {
      const exclusive = use.parent.parentIsObject && parent.parentIsObject && use.parent.parent !== parent.parent;
      return String(use.parent.type) === String(parent.type) && (exclusive || use.call === call);
    });
    return merge && inner.every((one) => taken.inner.admits(one));
  }

  add(use: FieldUse): void {
    const taken = this.#uses.get(use.name) ?? { uses: [], inner: new Scope() };
    this.#uses.set(use.name, taken);
    taken.uses.push(use);
    for (const one of use.inner) taken.inner.add(one);
  }

  at(name: string): Scope {
    return this.#uses.get(name)?.inner ?? new Scope();
  }
}

interface PrintedFragment {
  readonly name: string;
  readonly on: string;
  readonly text: string;
  readonly uses: readonly FieldUse[];
}

class OperationPrinter {
  readonly variables: Record<string, unknown> = {};
  readonly #prefix: string;
  /** Definition by name, and name by definition and value: equal variables are one. */
  readonly #definitions = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #fragments: PrintedFragment[] = [];
  /** What the selection set being printed has contributed. */
  #uses: FieldUse[] = [];

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  definitions(): string {
    const all = [...this.#definitions].map(([name, definition]) => `$${name}: ${definition}`);
    return all.length > 0 ? `(${all.join(', ')}) ` : '';
  }

  fragments(): string {
    return this.#fragments.map(({ name, on, text }) => ` fragment ${name} on ${on} ${text}`).join('');
  }

  selectionSet(selections: readonly SelectionTree[], scope: Scope): string {
    return `{ ${selections.map((one) => (one.kind === 'field' ? this.#field(one, scope) : this.#fragment(one, scope))).join(' ')} }`;
  }

  #field(field: FieldTree, scope: Scope): string {
    const args = field.args.map((argument) => this.#argument(argument)).filter((text) => text !== null);
    const call = field.name + (args.length > 0 ? `(${args.join(', ')})` : '');
    const wanted = field.alias ?? field.name;
    let name = wanted;
    for (let n = 2; !scope.admits({ name, parent: field, call, inner: [] }); n++) name = `${wanted}_${n}`;
    const head = (name === field.name ? '' : `${name}: `) + call + this.#conditions(field.conditions);

    const outer = this.#uses;
    this.#uses = [];
    scope.add({ name, parent: field, call, inner: [] });
    const body = field.selections ? ` ${this.selectionSet(field.selections, scope.at(name))}` : '';
    const use: FieldUse = { name, parent: field, call, inner: this.#uses };
    this.#uses = [...outer, use];
    return head + body;
  }

  #fragment(fragment: FragmentTree, scope: Scope): string {
    const { on, named, conditions, selections } = fragment;
    const printedConditions = this.#conditions(conditions);
    if (!named || on === null)
      return `...${on === null ? '' : ` on ${on}`}${printedConditions} ${this.selectionSet(selections, scope)}`;

    const known = fragment.reuse
      ? this.#fragments.find((one) => one.on === on && one.uses.every((use) => scope.admits(use)))
      : undefined;
    if (known) {
      for (const use of known.uses) scope.add(use);
      this.#uses = [...this.#uses, ...known.uses];
      return `...${known.name}${printedConditions}`;
    }
    const outer = this.#uses;
    this.#uses = [];
    const text = this.selectionSet(selections, scope);
    const name = `${this.#prefix}Fragment${this.#fragments.length + 1}`;
    this.#fragments.push({ name, on, text, uses: this.#uses });
    this.#uses = [...outer, ...this.#uses];
    return `...${name}${printedConditions}`;
  }

  #conditions(conditions: readonly Condition[]): string {
    return conditions
      .map(({ directive, input }) => ` @${directive}(if: ${this.#input(input, new GraphQLNonNull(GraphQLBoolean))})`)
      .join('');
  }

  /** Null: left out. */
  #argument({ name, type, input }: ArgumentTree): string | null {
    return `${name}: ${this.#input(input, type)}`;
  }

  #input({ as, value }: Input, type: GraphQLInputType): string {
    switch (as) {
      case 'literal':
        return this.#literal(value, type);
      case 'variable':
        return this.#variable(String(type), plainOf(value));
      case 'absent':
        return this.#variable(String(type), undefined);
      // The type of a variable that has a default may be nullable even where null is not allowed.
      case 'default':
        return this.#variable(`${nullable(type)} = ${printPlain(plainOf(value), type)}`, undefined);
      case 'overridden default':
        return this.#variable(`${nullable(type)} = ${printPlain(plainOf(value), type)}`, plainOf(value));
    }
  }

  #variable(definition: string, value: unknown): string {
    const identity = `${definition} ${JSON.stringify(value)}`;
    let name = this.#names.get(identity);
    if (name === undefined) {
      const number = this.#names.size + 1;
      name = number === 1 ? this.#prefix : `${this.#prefix}${number}`;
      this.#names.set(identity, name);
      this.#definitions.set(name, definition);
      if (value !== undefined) this.variables[name] = value;
    }
    return `$${name}`;
  }

  #literal(value: InputValue, type: GraphQLInputType): string {
    switch (value.kind) {
      case 'plain':
        return printPlain(value.plain, type);
      case 'list':
        return `[${value.items.map((item) => this.#input(item, value.of)).join(', ')}]`;
      case 'object': {
        const fields = value.fields.map((field) => this.#argument(field)).filter((text) => text !== null);
        return `{ ${fields.join(', ')} }`;
      }
    }
  }
}

const nullable = (type: GraphQLInputType): string => String(isNonNullType(type) ? type.ofType : type);

/** As a variable carries it. */
function plainOf(value: InputValue): unknown {
  switch (value.kind) {
    case 'plain':
      return value.plain;
    case 'list':
      return value.items.map((item) => plainOf(item.value));
    case 'object':
      return Object.fromEntries(value.fields.map(({ name, input }) => [name, plainOf(input.value)]));
  }
}

/** As a literal. Enum values have no quotes, wherever in the type they stand. */
function printPlain(value: unknown, type: GraphQLInputType): string {
  if (Array.isArray(value)) return `[${value.map((one) => printPlain(one, itemOf(type))).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const named = getNamedType(type);
    const fields = Object.entries(value).map(([name, one]) => {
      const field = 'getFields' in named ? named.getFields()[name] : undefined;
      return `${name}: ${printPlain(one, field?.type ?? type)}`;
    });
    return `{ ${fields.join(', ')} }`;
  }
  return typeof value === 'string' && isEnumType(getNamedType(type)) ? value : JSON.stringify(value);
}

const itemOf = (type: GraphQLInputType): GraphQLInputType => {
  const list = isNonNullType(type) ? type.ofType : type;
  return 'ofType' in list ? (list.ofType as GraphQLInputType) : type;
};
