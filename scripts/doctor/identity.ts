import { ok, problem, warning, type Check, type Said } from './check.js';

const SCHEMA = 'identity';
/** A retired key is published as long as the last token it signed may be shown (identity/service/tokens/signing-key.ts). */
const PUBLISHED_FOR = '1 hour';

interface Key {
  readonly kid: string;
  readonly state: string;
  readonly days: number;
  readonly published: boolean;
}

/** What tokens are signed with, and who they say they are from. */
export const identityCheck: Check = {
  name: 'identity',
  async run(patient) {
    const { settings } = patient;
    if (!settings) return [];
    const side = await patient.database().catch(() => null); // the database has a check of its own
    const url = settings.databaseUrls(SCHEMA).system ?? side?.url;
    if (url === undefined) return [];
    const [{ there } = { there: false }] = await patient
      .rows<{ there: boolean }>(url, `select to_regclass('${SCHEMA}.signing_keys') is not null as there`)
      .catch(() => []);
    if (!there) return [];
    const keys = await patient.rows<Key>(
      url,
      `select kid, state, extract(day from clock_timestamp() - created_at)::int as days,
              state <> 'retired' or retired_at > clock_timestamp() - interval '${PUBLISHED_FOR}' as published
       from ${SCHEMA}.signing_keys order by created_at`,
    );
    const [issuer] = await patient.rows<{ value: string }>(
      url,
      `select value #>> '{}' as value from ${SCHEMA}.settings where key = 'issuer'`,
    );
    return [...keysSaid(keys), ...issuerSaid(issuer?.value ?? null, settings.publicUrl)];
  },
};

function keysSaid(keys: readonly Key[]): Said[] {
  if (!keys.length) return [ok('There is no signing key yet: the first start makes one.')];
  const current = keys.filter(({ state }) => state === 'current');
  if (current.length !== 1)
    return [
      problem(
        `${current.length} signing keys are current, and it must be one: ${keys.map(({ kid, state }) => `${kid} ${state}`).join(', ')}.`,
        current.length ? 'Retire all but the newest.' : 'Start identity, which makes one.',
      ),
    ];
  const [{ kid, days }] = current as [Key];
  const retired = keys.filter(({ state }) => state === 'retired');
  const next = keys.filter(({ state }) => state !== 'retired' && state !== 'current');
  const last = retired.filter(({ published }) => published).length;
  return [
    ok(
      `Tokens are signed with key ${kid}, ${days} days old; ${next.length ? `${next.length} waits to be next, ` : ''}${retired.length} retired, of which ${last} are published still.`,
    ),
  ];
}

function issuerSaid(issuer: string | null, publicUrl: string | undefined): Said[] {
  if (issuer === null) return [];
  if (publicUrl === undefined || publicUrl === issuer) return [ok(`Tokens are issued by ${issuer}.`)];
  return [
    warning(
      `PUBLIC_URL is ${publicUrl}, and tokens are issued by ${issuer}: the address of the first start stays, so that no session ends.`,
      'Set PUBLIC_URL to the issuer; or, where the stack has moved for good, change the setting "issuer" of core-identity and let everybody sign in anew.',
    ),
  ];
}
