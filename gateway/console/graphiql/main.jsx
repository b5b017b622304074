import './workers.js';
import { useGraphiQLActions } from '@graphiql/react';
import { GraphiQL } from 'graphiql';
import { useEffect, useMemo, useState } from 'react';
import { createRoot } from 'react-dom/client';
import 'graphiql/style.css';
import { createFetcher } from './fetcher.js';
import { followProblems } from './follow-problems.js';
import { createSession } from './session.js';
import { SignIn } from './sign-in.jsx';
import './page.css';

const KEPT = 'stack:session';

const QUESTION = `# Inevitable Cloud Stack: one graph over all products.
# Sign in above; what you may see is then that of your tenant.

{
  viewer {
    user { email }
    tenant { name }
  }
}
`;

async function post(path, body) {
  const response = await fetch(path, {
    method: 'POST',
    credentials: 'omit',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

async function askForProblems(after, signal) {
  const response = await fetch(`/graphiql/problems${after === null ? '' : `?after=${encodeURIComponent(after)}`}`, {
    credentials: 'omit',
    signal,
  });
  if (response.status === 429) return { revision: after }; // it lets no more wait: nothing is new
  if (!response.ok) throw new Error(`The stack answered ${response.status}.`);
  return response.json();
}

/**
 * The session goes on when the page is loaded anew. It is in the storage only while no page is: a copy of this tab, which
 * copies the storage too, would present the same refresh token, and both would be signed out for that.
 */
function takeKept() {
  const text = sessionStorage.getItem(KEPT);
  sessionStorage.removeItem(KEPT);
  try {
    return text && JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads the schema again when the gateway serves another supergraph. */
function FollowSchema({ supergraph }) {
  const { introspect } = useGraphiQLActions();
  const [first, setFirst] = useState(null);
  useEffect(() => {
    if (supergraph === null || supergraph === first) return;
    setFirst(supergraph);
    if (first !== null) void introspect();
  }, [supergraph, first, introspect]);
  return null;
}

function Problems({ news }) {
  if (news === 'away')
    return (
      <div className="stack-problems" role="alert">
        <h2>The stack does not answer</h2>
      </div>
    );
  if (!news?.problems.length) return null;
  return (
    <div className="stack-problems" role="alert">
      {news.problems.map(({ title, text }, index) => (
        <section key={index}>
          <h2>{title}</h2>
          <pre>{text}</pre>
        </section>
      ))}
      <p>The last good state goes on being served. This is gone when it is repaired.</p>
    </div>
  );
}

function Page({ session, demoUsers }) {
  const fetcher = useMemo(() => createFetcher({ url: '/graphql', session, fetch: fetch.bind(globalThis) }), [session]);
  const [news, setNews] = useState(null);
  useEffect(() => {
    const leaving = new AbortController();
    void followProblems({
      ask: askForProblems,
      onNews: (heard) => setNews(heard ?? 'away'),
      signal: leaving.signal,
    });
    return () => leaving.abort();
  }, []);
  const [supergraph, setSupergraph] = useState(null);
  useEffect(() => {
    if (news?.supergraph) setSupergraph(news.supergraph);
  }, [news]);
  return (
    <>
      <header className="stack-head">
        <h1>Inevitable Cloud Stack</h1>
        <SignIn session={session} demoUsers={demoUsers} />
      </header>
      <Problems news={news} />
      <div className="stack-graphiql">
        <GraphiQL
          fetcher={fetcher}
          defaultQuery={QUESTION}
          inputValueDeprecation
          schemaDescription
          shouldPersistHeaders={false}
          showPersistHeadersSettings={false}
        >
          <GraphiQL.Logo>
            <FollowSchema supergraph={supergraph} />
          </GraphiQL.Logo>
        </GraphiQL>
      </div>
    </>
  );
}

const root = document.getElementById('root');
const session = createSession({ post, kept: takeKept() });
addEventListener('pagehide', () => {
  if (session.kept) sessionStorage.setItem(KEPT, JSON.stringify(session.kept));
});
addEventListener('pageshow', () => sessionStorage.removeItem(KEPT)); // back from the browser's cache: it lives again
createRoot(root).render(<Page session={session} demoUsers={JSON.parse(root.dataset.demoUsers)} />);
