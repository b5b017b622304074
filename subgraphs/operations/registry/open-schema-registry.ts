import { createHash } from 'node:crypto';
import {
  moveInWords,
  ROUTING_URL_MOVED,
  subgraphMoves,
  type NewVersion,
  type Publication,
  type PublishedSupergraphs,
  type PublishedVersion,
  type SchemaRegistry,
  type SubgraphSchema,
} from '@inevitable/contract';
import { Conflict, newId, NotFound } from '@inevitable/kit';
import { inTransaction, openSystemPool, operatorAuditStatement, type ListenOptions } from '@inevitable/kit/host';
import { documentOf, requireAgreement } from './require-agreement.js';
import { watchPublications, type Query } from './watch-publications.js';

/** A publication that the event of it is still to be published for. */
export interface UntoldPublication extends Publication {
  readonly id: string;
}

/**
 * The registry in operations' own schema. Times are the database's own. `publish` throws `BadUserInput` where the supergraph
 * and `subgraphs` do not agree on which subgraphs there are, and where. A publication and a rollback have a finding of every
 * subgraph that they move to another URL than it had last.
 */
export interface StoredSchemaRegistry extends SchemaRegistry {
  /**
   * As `PublishedSupergraphs`; begins with the version that is current, where there is one. By LISTEN, and by looking every
   * 2 s where that is broken. Versions that were overtaken meanwhile are left out.
   */
  watch: PublishedSupergraphs['watch'];
  /** Publications that `markTold` was not told of, oldest first. */
  untold(): Promise<readonly UntoldPublication[]>;
  markTold(id: string): Promise<void>;
  close(): Promise<void>;
}

/** Of two that publish at once, the second waits here, and finds what the first wrote. */
const ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('operations.schema_publications'))";

const PUBLICATION = `position, version, kind, at, by, forced, findings, reason,
  (select v.git_revision from schema_versions v where v.number = schema_publications.version) as "gitRevision"`;

const LATEST = `select ${PUBLICATION} from schema_publications order by position desc limit 1`;

const VERSION = `
  select v.number, v.supergraph_sha256 as id, t.text as sdl, v.created_at as "createdAt", v.created_by as "createdBy",
    v.git_revision as "gitRevision"
  from schema_versions v join schema_texts t on t.sha256 = v.supergraph_sha256
  where v.number = $1::bigint`;

const SUBGRAPHS = `
  select s.name, s.routing_url as "routingUrl", t.text as sdl
  from schema_version_subgraphs s join schema_texts t on t.sha256 = s.schema_sha256
  where s.version = $1::bigint
  order by s.name collate "C"`;

const ROUTING_URLS = `
  select name, routing_url as "routingUrl" from schema_version_subgraphs where version = $1::bigint
  order by name collate "C"`;

/**
 * Where the subgraphs of a version were before, each in the version that had it and was served last: one that was left out
 * in between is not new for that.
 */
const ROUTING_URLS_BEFORE = `
  select its.name, before.routing_url as "routingUrl"
  from schema_version_subgraphs its, lateral (
    select had.routing_url
    from schema_publications p join schema_version_subgraphs had on had.version = p.version and had.name = its.name
    order by p.position desc limit 1
  ) before
  where its.version = $1::bigint`;

/** What a version consists of, without the texts. */
const CONTENT = `
  select v.supergraph_sha256 as supergraph,
    array(select array[s.name, s.routing_url, s.schema_sha256] from schema_version_subgraphs s
      where s.version = v.number order by s.name collate "C") as subgraphs
  from schema_versions v where v.number = $1`;

const KEEP_TEXTS = `
  insert into schema_texts (sha256, text) select sha256, text from unnest($1::text[], $2::text[]) as given (sha256, text)
  on conflict do nothing`;

const ADD_VERSION = `
  insert into schema_versions (number, supergraph_sha256, created_at, created_by, git_revision)
    select coalesce(max(number), 0) + 1, $1, stack_now(), $2, $3 from schema_versions
  returning number`;

const ADD_SUBGRAPHS = `
  insert into schema_version_subgraphs (version, name, routing_url, schema_sha256)
    select $1, name, url, sha256 from unnest($2::text[], $3::text[], $4::text[]) as given (name, url, sha256)`;

const ADD_PUBLICATION = `
  insert into schema_publications (id, position, version, kind, at, by, forced, findings, reason)
    select $1, coalesce(max(position), 0) + 1, $2, $3, stack_now(), $4, $5, $6, $7 from schema_publications
  returning ${PUBLICATION}`;

const PAGE = `
  select ${PUBLICATION} from schema_publications where $2::bigint is null or position < $2::bigint
  order by position desc limit $1`;

const UNTOLD = `select id, ${PUBLICATION} from schema_publications where not told order by position`;

/** Of what a watcher asks: over a connection that a lost cable swallowed, it would wait for ever. */
const AT_ONCE = { query_timeout: 10_000 };

/**
 * `log`: told when listening breaks off and when it is back. `at`: what is published through the graph is recorded for the
 * audit as any mutation is; what an operator publishes at the machine leaves its record here, with the publication.
 */
export function openSchemaRegistry(
  systemUrl: string,
  log: ListenOptions['log'],
  at: 'graph' | 'machine' = 'graph',
): StoredSchemaRegistry {
  const pool = openSystemPool('operations', systemUrl);
  const query = askOf(pool);
  const watched = watchPublications({
    query: async <Row extends object>(text: string) => (await pool.query<Row>({ ...AT_ONCE, text })).rows,
    systemUrl,
    log,
  });

  /** All of it or nothing, and nobody else meanwhile. */
  const alone = <Result>(work: (query: Query) => Promise<Result>): Promise<Result> =>
    inTransaction(pool, async (client) => {
      await client.query(ONE_AT_A_TIME);
      return work(askOf(client));
    });

  /** The last statement of a publication or a rollback. */
  async function publishing(query: Query, its: AddedPublication): Promise<Publication> {
    const publication = await addPublication(query, its);
    if (at === 'machine') {
      const { text, values } = operatorAuditStatement(ACTIONS[its.kind]);
      await query(text, values);
    }
    return publication;
  }

  async function versionOf(number: number): Promise<PublishedVersion | null> {
    // Nothing of a version ever changes: the two statements see the same.
    const [[version], subgraphs] = await Promise.all([
      query<Omit<PublishedVersion, 'subgraphs'>>(VERSION, [number]),
      query<SubgraphSchema>(SUBGRAPHS, [number]),
    ]);
    return version ? { ...version, subgraphs } : null;
  }

  return {
    async current() {
      const [latest] = await query<Publication>(LATEST);
      return latest ? versionOf(latest.version) : null;
    },
    version: versionOf,
    async publications({ first, before }) {
      return query<Publication>(PAGE, [first, before]);
    },
    async publish(wanted) {
      requireAgreement(documentOf(wanted.sdl, 'input.supergraph'), wanted.subgraphs, 'input');
      const content = contentOf(wanted);
      return alone(async (query) => {
        const [latest] = await query<Publication>(LATEST);
        if (latest && (await isContentOf(query, latest.version, content))) return latest;
        refuseOvertaken(wanted.basedOn, latest);
        await query(KEEP_TEXTS, [[...content.texts.keys()], [...content.texts.values()]]);
        const version = await addVersion(query, wanted, content);
        const { by, forced, reason } = wanted;
        const findings = await withMoves(query, wanted.findings, version);
        return publishing(query, { version, kind: 'publish', by, forced, findings, reason });
      });
    },
    rollback({ to, by, reason, basedOn }) {
      return alone(async (query) => {
        const [latest] = await query<Publication>(LATEST);
        if (latest?.version === to) return latest;
        const [found] = await query('select from schema_versions where number = $1::bigint', [to]);
        if (!found) throw new NotFound(`version ${to} of the supergraph`);
        refuseOvertaken(basedOn, latest);
        const findings = await withMoves(query, [], to);
        return publishing(query, { version: to, kind: 'rollback', by, forced: false, findings, reason });
      });
    },
    watch: watched.watch,
    untold: () => query<UntoldPublication>(UNTOLD),
    async markTold(id) {
      await query('update schema_publications set told = true where id = $1', [id]);
    },
    async close() {
      await watched.close();
      await pool.end();
    },
  };
}

/** A pool, or the connection of a transaction. */
interface Asked {
  query<Row extends object>(statement: string, values: unknown[]): Promise<{ readonly rows: Row[] }>;
}

const askOf =
  (asked: Asked): Query =>
  async <Row extends object>(statement: string, values: unknown[] = []) =>
    (await asked.query<Row>(statement, values)).rows;

type AddedPublication = Omit<Publication, 'position' | 'gitRevision' | 'at'>;

/** As the mutations are called that do the same. */
const ACTIONS: Readonly<Record<Publication['kind'], string>> = {
  publish: 'operations.publishSchema',
  rollback: 'operations.rollbackSchema',
};

async function addPublication(
  query: Query,
  { version, kind, by, forced, findings, reason }: AddedPublication,
): Promise<Publication> {
  const [added] = await query<Publication>(ADD_PUBLICATION, [newId(), version, kind, by, forced, findings, reason]);
  return added!;
}

interface Content {
  readonly supergraph: string;
  /** Name, routing URL and the schema's SHA-256, sorted by name as PostgreSQL does in "C". */
  readonly subgraphs: readonly (readonly [string, string, string])[];
  /** By SHA-256. */
  readonly texts: ReadonlyMap<string, string>;
}

function contentOf({ sdl, subgraphs }: NewVersion): Content {
  const texts = new Map<string, string>();
  const keep = (text: string): string => {
    const sha256 = createHash('sha256').update(text).digest('hex');
    texts.set(sha256, text);
    return sha256;
  };
  const supergraph = keep(sdl);
  const byName = subgraphs.toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  return { supergraph, subgraphs: byName.map(({ name, routingUrl, sdl }) => [name, routingUrl, keep(sdl)]), texts };
}

async function isContentOf(query: Query, version: number, wanted: Content): Promise<boolean> {
  const [kept] = await query<{ supergraph: string; subgraphs: string[][] }>(CONTENT, [version]);
  return kept!.supergraph === wanted.supergraph && JSON.stringify(kept!.subgraphs) === JSON.stringify(wanted.subgraphs);
}

async function addVersion(
  query: Query,
  { by, gitRevision }: NewVersion,
  { supergraph, subgraphs }: Content,
): Promise<number> {
  const [added] = await query<{ number: number }>(ADD_VERSION, [supergraph, by, gitRevision]);
  const { number } = added!;
  await query(ADD_SUBGRAPHS, [
    number,
    subgraphs.map(([name]) => name),
    subgraphs.map(([, url]) => url),
    subgraphs.map(([, , sha256]) => sha256),
  ]);
  return number;
}

/**
 * The findings, and every subgraph that is reached elsewhere: who receives the requests of tenants must be in the history,
 * whatever the one who publishes says of it.
 */
async function withMoves(query: Query, findings: readonly string[], version: number): Promise<readonly string[]> {
  const before = await query<Omit<SubgraphSchema, 'sdl'>>(ROUTING_URLS_BEFORE, [version]);
  const moves = subgraphMoves(before, await query<Omit<SubgraphSchema, 'sdl'>>(ROUTING_URLS, [version]));
  return [...new Set([...findings, ...moves.map((move) => `${ROUTING_URL_MOVED}: ${moveInWords(move)}`)])];
}

/** Throws `Conflict`: what was checked was checked against a version that is not the current one any more. */
function refuseOvertaken(basedOn: number | null, latest: Publication | undefined): void {
  if ((latest?.version ?? null) === basedOn) return;
  const now = latest ? `version ${latest.version}, by ${latest.by}` : 'none: nothing was published yet';
  throw new Conflict(
    `The current version of the supergraph is ${now}, and this was checked against ${basedOn === null ? 'none' : `version ${basedOn}`}. Check it again, and publish then.`,
  );
}
