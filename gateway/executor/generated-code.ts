/**
 * What the generators of this folder share. They write JavaScript once per operation, because a function that names its
 * properties reads them several times faster than one that is told their names (`npm run bench`; decisions/0015).
 * Nothing from outside becomes code: every name passes through `literal`, so it is a string there and nothing else.
 */

/** A JavaScript string literal. JSON is a subset of JavaScript since ECMAScript 2019. */
export const literal = (text: string): string => JSON.stringify(text);

/** Property names every object has without being given them; read plainly, a missing one would be found. */
const INHERITED = new Set(Object.getOwnPropertyNames(Object.prototype));

export const isInherited = (name: string): boolean => INHERITED.has(name);

/** An expression for an own property: `undefined` where the object has none of that name. */
export const read = (object: string, name: string): string =>
  isInherited(name) ? `own(${object}, ${literal(name)})` : `${object}[${literal(name)}]`;

/** A statement that sets an own property, whatever its name. */
export const write = (object: string, name: string, value: string): string =>
  name === '__proto__' ? `define(${object}, ${literal(name)}, ${value});` : `${object}[${literal(name)}] = ${value};`;

export const own = (object: object, name: string): unknown =>
  Object.hasOwn(object, name) ? (object as Record<string, unknown>)[name] : undefined;

/** Sets an own property, whatever its name: `__proto__` is the one that an assignment would not. */
export const define = (object: object, name: string, value: unknown): void => {
  if (name !== '__proto__') (object as Record<string, unknown>)[name] = value;
  else Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
};

/** Names for functions and values inside one piece of generated code. */
export function nameSupply(): (prefix: string) => string {
  let next = 0;
  return (prefix) => `${prefix}${next++}`;
}

/** Runs the text of a module-like body; what it may reach is in `scope`, and what it returns is the result. */
export function evaluate<Result>(body: string, scope: Readonly<Record<string, unknown>>): Result {
  const names = Object.keys(scope);
  const make = new Function(...names, `'use strict';\n${body}`) as (...values: unknown[]) => Result;
  return make(...names.map((name) => scope[name]));
}
