import { useId, useState, useSyncExternalStore } from 'react';

/** The right half of the head: who is signed in, or the form to sign in with. */
export function SignIn({ session, demoUsers }) {
  const email = useSyncExternalStore(session.onChange, () => session.email);
  return email === null ? (
    <EnterForm session={session} demoUsers={demoUsers} />
  ) : (
    <div className="stack-who">
      <span>
        Signed in as <b>{email}</b>
      </span>
      <button type="button" onClick={() => void session.signOut()}>
        Sign out
      </button>
    </div>
  );
}

function EnterForm({ session, demoUsers }) {
  const [told, tell] = useState('');
  const [busy, setBusy] = useState(false);
  const [asksTenant, askTenant] = useState(false);
  const users = useId();

  async function enter(event) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    tell('Signing in …');
    try {
      const entry = await session.signIn({
        email: form.get('email').trim(),
        password: form.get('password'),
        tenant: form.get('tenant')?.trim(),
      });
      if (entry.kind === 'tenantNeeded') askTenant(true);
      if (entry.kind !== 'signedIn') tell(entry.message);
    } catch {
      tell('The stack does not answer.');
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="stack-enter" onSubmit={(event) => void enter(event)}>
      <span role="status">{told}</span>
      <input
        name="email"
        type="email"
        aria-label="E-mail"
        placeholder={demoUsers[0] ?? 'E-mail'}
        list={users}
        autoComplete="username"
        required
      />
      <datalist id={users}>
        {demoUsers.map((user) => (
          <option key={user} value={user} />
        ))}
      </datalist>
      <input
        name="password"
        type="password"
        aria-label="Password"
        placeholder="Password"
        autoComplete="current-password"
        required
      />
      {asksTenant && (
        <input name="tenant" aria-label="Tenant" placeholder="Tenant" autoComplete="organization" required autoFocus />
      )}
      <button disabled={busy}>Sign in</button>
    </form>
  );
}
