import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { defineSubgraph } from '../subgraph/define-subgraph.js';
import { declaredEvents } from './declared-events.js';
import { BadEventName, defineEvent, type EventName } from './define-event.js';

const payload = z.object({});

describe('The name of an event', () => {
  it.each(['starter.note.changed.v1', 'claude-config.deployment.rolled-back.v12', 'a1.b_2.c.v9'] as const)(
    'may be %s',
    (name) => {
      expect(defineEvent({ name, payload })).toEqual({ name, payload });
    },
  );

  it.each([
    'starter.note.changed',
    'starter.note.v1',
    'starter.note.changed.v0',
    'starter.note.changed.v01',
    'starter.note.changed.v1.5',
    'starter.note.was.changed.v1',
    'Starter.note.changed.v1',
    'starter..changed.v1',
    ' starter.note.changed.v1',
    'starter.note.changed.v1\n',
    'starter.note.*.v1',
    `starter.note.${'x'.repeat(255)}.v1`,
  ])('cannot be %j', (name) => {
    expect(() => defineEvent({ name: name as EventName, payload })).toThrow(BadEventName);
  });

  it('begins with the product that declares it', () => {
    const events = [defineEvent({ name: 'billing.note.changed.v1', payload })];
    const declare = () =>
      defineSubgraph({ name: 'starter', owner: 'x', schema: new URL('file:///none'), resolvers: {}, events });
    expect(declare).toThrow('"billing.note.changed.v1" is declared by "starter": its name must begin with "starter.".');
  });
});

describe('The list of declared events', () => {
  it('has those of every product, by name', () => {
    const silent = (name: string) => ({ name, owner: 'x', schema: new URL('file:///none'), resolvers: {} });
    const declaration = (name: string, ...events: EventName[]) => ({
      ...silent(name),
      events: events.map((event) => defineEvent({ name: event, payload })),
    });
    const products = [declaration('b', 'b.x.y.v2', 'b.x.y.v1'), silent('c'), declaration('a', 'a.x.y.v1')];
    expect(declaredEvents(products)).toEqual([
      { name: 'a.x.y.v1', product: 'a', description: null },
      { name: 'b.x.y.v1', product: 'b', description: null },
      { name: 'b.x.y.v2', product: 'b', description: null },
    ]);
  });
});
