import { readFile } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '@inevitable/contract';

describe('The error reference', () => {
  it('lists exactly the codes of the catalogue, with their HTTP status', async () => {
    const page = await readFile('docs/errors.md', 'utf8');
    const rows = [...page.matchAll(/^\|\s*`([A-Z_]+)`\s*\|\s*(\d{3})/gm)].map(
      ([, code, status]) => [code!, Number(status)] as const,
    );
    const catalogue = Object.entries(ERROR_CODES).map(([code, { status }]) => [code, status] as const);
    expect(new Map(rows)).toEqual(new Map(catalogue));
  });
});
