import { DEMO_USERS, type DemoPassword } from '../parts/identity.js';
import type { Progress } from '../parts/progress.js';

/** The last lines of a start: what is served, where it is, how to sign in, one query to paste. */
export function welcome(
  { line }: Progress,
  url: string,
  serves: string,
  demo: DemoPassword | null,
  hasConsole: boolean,
): void {
  line(serves);
  line('');
  line(`Inevitable Cloud Stack is ready: ${url}/graphql`);
  line(`  health   ${url}/health`);
  line(`  jobs     ${url}/admin/jobs`);
  if (hasConsole) line(`  graphiql ${url}/graphiql`);
  if (!demo) return;
  line(`  users    ${DEMO_USERS.map(({ email, is }) => `${email} (${is})`).join(', ')}`);
  line(`  password ${demo.toTell ?? `in ${demo.file}`}`);
  line('');
  line('Sign in, and ask who you are:');
  line('');
  line(`  TOKEN=$(curl -s ${url}/auth/login -H 'content-type: application/json' \\`);
  line(
    `    -d "{\\"email\\":\\"ada@acme.test\\",\\"password\\":\\"$(cat ${demo.file})\\"}" | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
  );
  line(`  curl -s ${url}/graphql -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' \\`);
  line(
    `    -d '{"query":"{ viewer { user { email } tenant { name platforms(first: 5) { nodes { name status createdBy { email } } } } } }"}'`,
  );
  line('');
}
