import { DEMO_PEOPLE } from '../flows/tenants/demo-people.js';
import type { SystemDatabase } from '../store/system-database.js';

/** With what a developer could sign in here, in words: people of the demo who are not disabled. Empty: with nothing. */
export async function developmentCredentials({ rows }: SystemDatabase): Promise<readonly string[]> {
  const people = await rows<{ email: string }>(
    `select email from users where email = any($1) and status = 'active' order by email`,
    [DEMO_PEOPLE.map(({ email }) => email)],
  );
  return people.map(({ email }) => `the demo user ${email}`);
}
