import { readdir, readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';
import { registeredMetrics, type RegisteredMetric } from '../support/registered-metrics.js';

const DASHBOARDS = 'deploy/grafana/dashboards';
const ALERTS = 'deploy/prometheus/alerts.yml';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string; readonly runbook: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly refId: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly type: string }[] };
}
interface Selector {
  readonly metric: string;
  /** Named in its matchers. */
  readonly labels: readonly string[];
  /** The functions that it is an argument of, the innermost first. */
  readonly within: readonly string[];
}
interface Expression {
  readonly problems: readonly string[];
  readonly selectors: readonly Selector[];
  /** Named in clauses of aggregations and of matching. */
  readonly grouping: readonly string[];
}

/** What Prometheus itself gives to each series that it scrapes (deploy/prometheus/prometheus.yml). */
const OF_TARGETS = ['job', 'instance', 'part'];
/** What Prometheus makes of each target. */
const UP: RegisteredMetric = { name: 'up', type: 'gauge', labels: [] };
const OF_COUNTERS = ['rate', 'irate', 'increase'];
const OF_GAUGES = ['delta', 'deriv', 'predict_linear', 'min_over_time', 'max_over_time', 'avg_over_time'];

/** What Grafana puts in for its variables. */
const filledIn = (expr: string): string => expr.replaceAll('$__rate_interval', '5m').replaceAll('$part', '.*');

function read(expr: string): Expression {
  const text = filledIn(expr);
  const found = { problems: [] as string[], selectors: [] as Selector[], grouping: [] as string[] };
  const functions: string[] = [];
  let selector: { metric: string; labels: string[]; within: string[] } | null = null;
  parser.parse(text).iterate({
    enter(node) {
      const here = text.slice(node.from, node.to);
      if (node.type.isError) found.problems.push(`${expr} is no PromQL at ${node.from}: "${text.slice(node.from)}"`);
      if (node.name === 'FunctionCall') functions.unshift(/^\w+/.exec(here)![0]);
      if (node.name === 'VectorSelector')
        found.selectors.push((selector = { metric: '', labels: [], within: [...functions] }));
      if (node.name === 'Identifier' && selector?.metric === '') selector.metric = here;
      if (node.name === 'LabelName') (selector ? selector.labels : found.grouping).push(here);
    },
    leave(node) {
      if (node.name === 'FunctionCall') functions.shift();
      if (node.name === 'VectorSelector') selector = null;
    },
  });
  return found;
}

let metrics: ReadonlyMap<string, RegisteredMetric>;
/** By the names of its series; those of a histogram have three, and `le` in one of them. */
function seriesOf(metric: RegisteredMetric): [name: string, series: RegisteredMetric][] {
  const { name, type, labels } = metric;
  if (type !== 'histogram' && type !== 'summary') return [[name, metric]];
  const counts = ['sum', 'count'].map((part) => [`${name}_${part}`, { ...metric, type: 'counter' as const }] as const);
  const buckets: RegisteredMetric = { ...metric, labels: [...labels, 'le'] };
  return [...counts.map(([of, series]): [string, RegisteredMetric] => [of, series]), [`${name}_bucket`, buckets]];
}
beforeAll(async () => {
  metrics = new Map([UP, ...(await registeredMetrics())].flatMap(seriesOf));
});

/** What is wrong with an expression, in sentences. */
function problemsOf(expr: string): readonly string[] {
  const { problems, selectors, grouping } = read(expr);
  const known = selectors.flatMap(({ metric }) => metrics.get(metric) ?? []);
  const labels = new Set([...OF_TARGETS, ...known.flatMap((metric) => metric.labels)]);
  const buckets = selectors.filter(({ metric }) => metrics.get(metric)?.type === 'histogram');
  return [
    ...problems,
    ...(selectors.length === 0 ? [`${expr} reads nothing`] : []),
    ...selectors.flatMap(({ metric, labels: named, within }) => {
      const series = metrics.get(metric);
      if (!series) return [`nothing is called ${metric}`];
      const [reader = ''] = within;
      const grows = series.type !== 'gauge';
      return [
        ...named
          .filter((label) => ![...OF_TARGETS, ...series.labels].includes(label))
          .map((label) => `${metric} has no label ${label}`),
        ...(grows && !OF_COUNTERS.includes(reader) ? [`${metric} only grows: its rate says something`] : []),
        ...(!grows && OF_COUNTERS.includes(reader) ? [`${metric} is no counter, and has no rate`] : []),
        ...(OF_GAUGES.includes(reader) && grows ? [`${reader} is of gauges, and not of ${metric}`] : []),
      ];
    }),
    ...grouping.filter((label) => !labels.has(label)).map((label) => `nothing in ${expr} has a label ${label}`),
    ...(buckets.length > 0 && !expr.includes('histogram_quantile') ? [`${expr} adds buckets up`] : []),
    ...(expr.includes('histogram_quantile') && (buckets.length === 0 || !grouping.includes('le'))
      ? [`${expr} asks for a quantile without buckets by le`]
      : []),
  ];
}

const dashboards = async (): Promise<readonly Dashboard[]> =>
  Promise.all(
    (await readdir(DASHBOARDS)).map(
      async (file) => JSON.parse(await readFile(`${DASHBOARDS}/${file}`, 'utf8')) as Dashboard,
    ),
  );
const rules = async (): Promise<readonly Rule[]> =>
  (parse(await readFile(ALERTS, 'utf8')) as { groups: { rules: Rule[] }[] }).groups.flatMap((group) => group.rules);

describe('What reads the metrics', () => {
  it.each([
    ['stack_requests_total', 'stack_requests_total only grows: its rate says something'],
    ['rate(stack_requests[5m])', 'nothing is called stack_requests'],
    ['rate(stack_requests_total{tenant="x"}[5m])', 'stack_requests_total has no label tenant'],
    ['sum by (tenant) (rate(stack_requests_total[5m]))', 'has a label tenant'],
    ['rate(stack_load_shedding[5m])', 'stack_load_shedding is no counter'],
    ['histogram_quantile(0.9, rate(stack_request_duration_seconds_bucket[5m]))', 'without buckets by le'],
    ['sum by (le) (rate(stack_request_duration_seconds_count[5m]))', 'has a label le'],
    ['sum(rate(stack_requests_total[5m])', 'is no PromQL'],
  ])('is found wrong here where it is: %s', (expr, sentence) => {
    expect(problemsOf(expr).join('; ')).toContain(sentence);
  });
});

describe('A dashboard', () => {
  it('asks only for what the stack tells, in ways that mean something', async () => {
    for (const { panels } of await dashboards())
      for (const { title, targets = [] } of panels)
        expect([title, targets.flatMap(({ expr }) => problemsOf(expr))]).toEqual([title, []]);
  });

  it('asks whatever Prometheus is chosen, says what each line is, and no panel hides another', async () => {
    const all = await dashboards();
    expect(new Set(all.map(({ uid }) => uid)).size).toBe(all.length);
    for (const { panels, templating } of all) {
      expect(templating.list).toContainEqual(expect.objectContaining({ name: 'datasource', type: 'datasource' }));
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
      const taken = new Set<string>();
      for (const { title, type, gridPos, datasource, targets = [] } of panels) {
        for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++)
          for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
            expect([title, x < 24, taken.has(`${x},${y}`)]).toEqual([title, true, false]);
            taken.add(`${x},${y}`);
          }
        if (type === 'row') continue;
        expect([title, datasource?.uid, targets.length > 0]).toEqual([title, '${datasource}', true]);
        expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
        const shown = targets.flatMap(({ legendFormat }) => [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)]);
        const told = targets.flatMap(({ expr }) => {
          const { selectors, grouping } = read(expr);
          return grouping.length > 0 ? grouping : [...OF_TARGETS, ...metrics.get(selectors[0]!.metric)!.labels];
        });
        for (const [, label] of shown) expect([title, told.includes(label!)]).toEqual([title, true]);
      }
    }
  });
});

describe('An alert', () => {
  it('watches only what the stack tells, in ways that mean something', async () => {
    for (const { alert, expr } of await rules()) expect([alert, problemsOf(expr)]).toEqual([alert, []]);
  });

  it('says how bad it is, what happens and where it is told what to do, for labels that it has', async () => {
    const all = await rules();
    expect(new Set(all.map(({ alert }) => alert)).size).toBe(all.length);
    const page = await readFile('docs/operations.md', 'utf8');
    for (const { alert, expr, for: lasting, labels, annotations } of all) {
      expect([alert, lasting]).toEqual([alert, expect.stringMatching(/^\d+[smh]$/)]);
      expect([alert, labels]).toEqual([alert, { severity: expect.stringMatching(/^(critical|warning)$/) }]);
      const { summary, description, runbook } = annotations;
      const [file, anchor] = runbook.split('#');
      expect([alert, file, page.includes(`<a id="${anchor}"></a>`)]).toEqual([alert, 'docs/operations.md', true]);
      const { grouping, selectors } = read(expr);
      const kept = selectors.flatMap(({ metric }) => [...OF_TARGETS, ...metrics.get(metric)!.labels]);
      const has = /^(sum|count|max|min|avg|histogram_quantile)\b/.test(expr) ? grouping : kept;
      for (const [, label] of `${summary} ${description}`.matchAll(/\$labels\.(\w+)/g))
        expect([alert, label, has.includes(label!)]).toEqual([alert, label, true]);
    }
  });

  it('is explained in the table of alerts, which has no other', async () => {
    const page = await readFile('docs/operations.md', 'utf8');
    const rows = [...page.matchAll(/^\| `(Stack\w+)` +\| (critical|warning) +\| .*\]\(#([\w-]+)\)/gm)];
    const told = (await rules()).map(({ alert, labels, annotations: { runbook } }) => [
      alert,
      labels.severity,
      runbook.split('#')[1],
    ]);
    expect(rows.map(([, ...row]) => row)).toEqual(told);
  });

  it('is loaded by the Prometheus of compose.yaml, which scrapes parts as the job that alerts look for', async () => {
    const config = parse(await readFile('deploy/prometheus/prometheus.yml', 'utf8')) as {
      rule_files: string[];
      scrape_configs: { job_name: string }[];
    };
    expect(config.rule_files.map((file) => file.split('/').at(-1))).toContain(ALERTS.split('/').at(-1));
    expect(config.scrape_configs.map(({ job_name }) => job_name)).toContain('stack');
  });
});
