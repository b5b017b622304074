import { ok, problem, warning, type Check } from './check.js';

const SCHEMA = 'operations';

interface Published {
  readonly number: number;
  readonly at: Date;
  readonly by: string;
  readonly sdl: string;
}

/** What is published, against what supergraph.yaml composes to. */
export const registryCheck: Check = {
  name: 'registry',
  async run(patient) {
    if (!patient.settings) return [];
    const side = await patient.database().catch(() => null); // the database has a check of its own
    const url = patient.settings.databaseUrls(SCHEMA).system ?? side?.url;
    if (url === undefined) return [];
    const [{ there } = { there: false }] = await patient
      .rows<{ there: boolean }>(url, `select to_regclass('${SCHEMA}.schema_publications') is not null as there`)
      .catch(() => []);
    if (!there) return [];
    const [published] = await patient.rows<Published>(
      url,
      `select v.number, p.at, p.by, t.text as sdl
       from ${SCHEMA}.schema_publications p
       join ${SCHEMA}.schema_versions v on v.number = p.version
       join ${SCHEMA}.schema_texts t on t.sha256 = v.supergraph_sha256
       order by p.position desc limit 1`,
    );
    if (!published) return [ok('Nothing was published: gateways serve what supergraph.yaml composes to.')];
    const { number, at, by, sdl } = published;
    const told = `Version ${number} is published, since ${at.toISOString()} by ${by}`;
    const fromFiles = patient.settings.supergraphSource === 'files';
    const composed = await patient.composed().catch(() => null);
    if (!composed) return [problem(`${told}, and supergraph.yaml does not compose.`, 'See "supergraph".')];
    if (composed.sdl === sdl) return [ok(`${told}, and is what supergraph.yaml composes to.`)];
    return [
      fromFiles
        ? warning(
            `${told}, and SUPERGRAPH_SOURCE=files serves something else.`,
            'Unset SUPERGRAPH_SOURCE to serve what is published.',
          )
        : warning(
            `${told}, and supergraph.yaml composes to something else: gateways serve what is published.`,
            'Compare them with "stack diff"; publish the files with "stack publish" once they are to be served.',
          ),
    ];
  },
};
