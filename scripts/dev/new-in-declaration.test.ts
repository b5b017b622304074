import { expect, it } from '@jest/globals';
import type { Feature } from '@inevitable/contract';
import { newInDeclaration } from './new-in-declaration.js';

const metered = (limit: number): Feature => ({ kind: 'metered', limit, per: 'month' });

it('Of a declaration that has changed is told what tokens and plans of before do not follow, and nothing else', () => {
  const declared = () => ({
    name: 'notes',
    permissions: ['notes:notes:read', 'notes:notes:write'] as const,
    features: { 'notes.pages': { free: metered(1), pro: metered(10) } },
  });
  const before = declared();
  expect(newInDeclaration(before, declared())).toEqual([]);
  expect(newInDeclaration({ name: 'notes' }, { ...before, permissions: [] })).toEqual([]); // new features are taken over
  expect(
    newInDeclaration(before, {
      name: 'notes',
      permissions: ['notes:notes:read', 'notes:notes:share'],
      features: { 'notes.pages': { free: metered(2), pro: metered(10), enterprise: metered(100) } },
    }),
  ).toEqual([
    'notes has the permission notes:notes:share now. Sign in again: tokens of before do not have it.',
    'notes has no permission notes:notes:write any more. Tokens of before still have it.',
    'Plans keep what they have: "notes.pages" in the plan "free" stays as it was before notes declared it otherwise.',
  ]);
});
