/** An event's name is heard under itself and under every prefix of it that ends in `.`. */
export const isHeardUnder = (listened: string, name: string): boolean =>
  listened === name || (listened.endsWith('.') && name.startsWith(listened));
