import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { hostSubgraph } from '@inevitable/kit/host';
import { parse, print, validate } from 'graphql';
import { pino } from 'pino';
import { operationsSubgraph } from '../subgraph.js';
import { JOBS_PAGE_DOCUMENTS } from './jobs-page-documents.js';
import { testContext } from '../testing/test-context.js';

const operations = hostSubgraph(operationsSubgraph({ events: [], jobs: [] } as never), {
  database: null,
  entitlements: {} as never,
  events: null,
  log: pino({ level: 'silent' }),
});
const asked = () => operations.fetch(new Request('http://operations/admin/jobs'), testContext());

describe('The page of jobs', () => {
  it('is served to anybody, also without a gateway in front', async () => {
    expect(operations.isOpenRoute('GET', '/admin/jobs')).toBe(true);
    const response = await asked();
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  });

  it('lets a browser run and style it with what is written in it, and nothing else', async () => {
    const response = await asked();
    const text = await response.text();
    const hashed = (element: string): string => {
      const [[, content] = [], ...more] = text.matchAll(new RegExp(`<${element}[^>]*>([^]*?)</${element}>`, 'g'));
      expect(more).toEqual([]);
      return `'sha256-${createHash('sha256').update(content!).digest('base64')}'`;
    };
    expect(response.headers.get('content-security-policy')).toBe(
      [
        "default-src 'none'",
        `script-src ${hashed('script')}`,
        `style-src ${hashed('style')}`,
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    );
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('asks nothing of other places, and makes no HTML of what it is told', async () => {
    const text = await (await asked()).text();
    expect(text).not.toMatch(
      /\b(?:src|href)=|https?:|innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|\son\w+="/,
    );
  });

  it('keeps no token where another page or a later visit could find it', async () => {
    expect(await (await asked()).text()).not.toMatch(/localStorage|sessionStorage|indexedDB|document\.cookie/);
  });

  it('asks only for what is listed, and what the schema has', async () => {
    const text = await (await asked()).text();
    const written = Object.fromEntries(
      [...text.matchAll(/const ([A-Z]+) =\s*`([^`]*)`/g)].map(([, name, document]) => [name!, document!]),
    );
    const { JOB, ...documents } = written;
    const mutations = [...text.matchAll(/steer\(\s*'(\w+)',\s*'(\w+)'/g)].map(([, field, type]) => {
      const selection = field === 'retryDeadJobs' ? 'retried' : field!.endsWith('Schedule') ? 'name' : 'id';
      return `mutation ($input: ${type}!) { ${field}(input: $input) { ${selection} } }`;
    });
    const all = [
      ...Object.values(documents).map((document) => document.replace('${JOB}', JOB!)),
      ...mutations,
      ...[...text.matchAll(/query: '(subscription [^']*)'/g)].map(([, document]) => document!),
    ];
    const printed = (documents: readonly string[]) => documents.map((document) => print(parse(document)));
    expect(printed(all)).toEqual(printed(JOBS_PAGE_DOCUMENTS));
    expect(all.flatMap((document) => validate(operations.schema, parse(document)))).toEqual([]);
  });
});
