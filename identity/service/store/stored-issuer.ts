import type { SystemDatabase } from './system-database.js';

/**
 * `iss` of every token: the public URL of the first start. It stays, so that a changed port ends no session.
 */
export async function storedIssuer({ rows }: SystemDatabase, publicUrl: string): Promise<string> {
  await rows(`insert into settings (key, value) values ('issuer', to_jsonb($1::text)) on conflict do nothing`, [
    publicUrl,
  ]);
  const [issuer] = await rows<{ value: string }>(`select value from settings where key = 'issuer'`);
  return issuer!.value;
}
