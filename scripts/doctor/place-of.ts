/** Host and path of an address: what may be shown of it. */
export function placeOf(url: string): string {
  const { host, pathname } = new URL(url);
  return host + (pathname === '/' ? '' : pathname);
}

/** Node wraps the attempts on several addresses of one name into an error without a message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map((each: Error) => each.message))].join(', ');
  return ((error as Error).message || String(error)).replace(/\.$/, '');
}
