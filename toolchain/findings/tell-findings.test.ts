import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import parser from 'fast-xml-parser';
import fc from 'fast-check';
import { asJson } from './as-json.js';
import type { Finding } from './finding.js';
import { countFindings, FINDING_FORMATS, findingsAsData, tellFindings } from './tell-findings.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'findings-'));
  await writeFile(join(root, 'a.graphql'), 'type Query {\n\ta: Thing\n}\n\ntype Thing {\n  size: Int\n}\n');
  await writeFile(join(root, 'crlf.graphql'), 'type Query {\r\n  a: Int\r\n}\r\n');
  await writeFile(
    join(root, 'long.graphql'),
    `type Query { ${'x'.repeat(5_000)}: Int, wrong: Thing ${'y'.repeat(5_000)}`,
  );
});
afterAll(() => rm(root, { recursive: true }));

/** With a place, another place, details and a repair. */
const mismatch = (): Finding => ({
  code: 'FIELD_TYPE_MISMATCH',
  severity: 'error',
  message: 'Type of field "Thing.size" is incompatible:\nInt in "a", String in "b".',
  subgraph: 'a',
  place: { file: join(root, 'a.graphql'), line: 6, column: 3 },
  alsoAt: [{ file: 'sub/b.graphql', line: 1, column: 14 }],
  details: ['web 1.2 asks for it: 40 % of its operations'],
  repair: 'Give the field one type.',
});
const HINT: Finding = { code: 'UNUSED_ENUM_TYPE', severity: 'hint', message: 'Nothing uses it.', subgraph: 'b' };
const WARNING: Finding = { code: 'described', severity: 'warning', message: 'Say what it is.' };

const tell = (format: Parameters<typeof tellFindings>[0], findings: readonly Finding[], colours = false) =>
  tellFindings(format, findings, { colours, root, title: 'stack compose' });

describe('Findings as text', () => {
  it('show code, message, place, the lines around it, other places, details and what to do', async () => {
    expect(await tell('text', [mismatch(), HINT, WARNING]))
      .toBe(`error FIELD_TYPE_MISMATCH: Type of field "Thing.size" is incompatible:
  Int in "a", String in "b".
  at a.graphql:6:3 (subgraph a)

    4 |
    5 | type Thing {
  > 6 |   size: Int
      |   ^
    7 | }
    8 |

  also at sub/b.graphql:1:14
  - web 1.2 asks for it: 40 % of its operations
  → Give the field one type.

hint UNUSED_ENUM_TYPE: Nothing uses it.
  in subgraph b

warning described: Say what it is.
`);
  });

  it('mark the right column behind a tab, and in a file with the line breaks of Windows', async () => {
    const at = (file: string, line: number, column: number): Finding => ({ ...WARNING, place: { file, line, column } });
    expect(await tell('text', [at('a.graphql', 2, 5)])).toContain('> 2 | \ta: Thing\n      | \t   ^\n');
    expect(await tell('text', [at('crlf.graphql', 2, 6)])).toContain('> 2 |   a: Int\n      |      ^\n');
  });

  it('show of a very long line only what is around the column', async () => {
    const text = await tell('text', [{ ...WARNING, place: { file: 'long.graphql', line: 1, column: 5_028 } }]);
    expect(text.length).toBeLessThan(500);
    const [line, mark] = text.split('\n').slice(3, 5);
    expect(line!.slice(mark!.indexOf('^')).startsWith('Thing yyy')).toBe(true);
  });

  it.each([
    ['a file that is not there', { file: 'gone.graphql', line: 3, column: 1 }, 'at gone.graphql:3:1'],
    ['a line that is not there', { file: 'a.graphql', line: 99, column: 1 }, 'at a.graphql:99:1'],
    ['a file as a whole', { file: 'a.graphql' }, 'at a.graphql'],
    ['a URL', { file: 'http://b.test/graphql', line: 1, column: 2 }, 'at http://b.test/graphql:1:2'],
    ['a file outside of the project', { file: '/elsewhere/x.graphql', line: 1 }, 'at /elsewhere/x.graphql:1'],
  ])('have no frame for %s', async (_what, place, told) => {
    expect(await tell('text', [{ ...WARNING, place }])).toBe(`warning described: Say what it is.\n  ${told}\n`);
  });

  it('take the text for the frame from whoever judged it, also what came from a URL', async () => {
    const finding: Finding = { ...WARNING, place: { file: 'http://b.test/graphql', line: 1, column: 2 } };
    const asked: string[] = [];
    const readFile = async (file: string) => (asked.push(file), 'typ Query');
    expect(await tellFindings('text', [finding], { colours: false, root, readFile })).toContain('> 1 | typ Query\n');
    expect(asked).toEqual(['http://b.test/graphql']);
  });

  it('are in colours only where that is asked for, and never let a schema colour the terminal', async () => {
    const escape = '\u001b[31m';
    const hostile: Finding = { ...WARNING, message: `red ${escape}text\u0007` };
    expect(await tell('text', [hostile])).toBe('warning described: red \ufffd[31mtext\ufffd\n');
    const colourful = await tell('text', [hostile], true);
    expect(colourful).toContain('\u001b[33m');
    expect(colourful).not.toContain(escape);
  });

  it('are nothing where there are none', async () => {
    expect(await tell('text', [])).toBe('');
  });
});

describe('Findings as GitHub annotations', () => {
  it('are one workflow command each, escaped as the runner unescapes them', async () => {
    const awkward: Finding = {
      ...WARNING,
      code: 'a:b,c%',
      message: '100 %\r\nof: it, all',
      place: { file: 'a,b:c.graphql', line: 1 },
    };
    expect(await tell('github', [mismatch(), HINT, awkward])).toBe(
      '::error file=a.graphql,line=6,col=3,title=FIELD_TYPE_MISMATCH (subgraph a)::Type of field "Thing.size" is incompatible:%0AInt in "a", String in "b".%0Aalso at sub/b.graphql:1:14%0A- web 1.2 asks for it: 40 %25 of its operations%0A→ Give the field one type.\n' +
        '::notice title=UNUSED_ENUM_TYPE (subgraph b)::Nothing uses it.\n' +
        '::warning file=a%2Cb%3Ac.graphql,line=1,title=a%3Ab%2Cc%25::100 %25%0Aof: it, all\n',
    );
  });

  it('name a URL in their text: they can stand only beside a file', async () => {
    expect(await tell('github', [{ ...WARNING, place: { file: 'http://b.test/graphql', line: 1, column: 2 } }])).toBe(
      '::warning title=described::at http://b.test/graphql:1:2%0ASay what it is.\n',
    );
  });
});

describe('Findings as JUnit', () => {
  /** The report as an XML parser reads it; throws where it is not well-formed. */
  const read = (xml: string) => {
    expect(parser.validate(xml)).toBe(true);
    return parser.parse(xml, {
      ignoreAttributes: false,
      attributeNamePrefix: '',
      trimValues: false,
      attrValueProcessor: unescaped,
      tagValueProcessor: unescaped,
    }).testsuites.testsuite;
  };
  const unescaped = (text: string) =>
    text
      .replaceAll('&#10;', '\n')
      .replaceAll('&#9;', '\t')
      .replaceAll('&quot;', '"')
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&amp;', '&');

  it('are a suite with a failed case for an error and a passed one for the rest', async () => {
    const suite = read(await tell('junit', [mismatch(), HINT]));
    expect(suite).toMatchObject({ name: 'stack compose', tests: '2', failures: '1', errors: '0' });
    const { message } = mismatch();
    expect(suite.testcase[0]).toMatchObject({
      name: 'FIELD_TYPE_MISMATCH a.graphql:6:3',
      classname: 'stack compose.a',
      file: 'a.graphql',
      line: '6',
      failure: {
        type: 'FIELD_TYPE_MISMATCH',
        message,
        '#text': `${message}\nalso at sub/b.graphql:1:14\n- web 1.2 asks for it: 40 % of its operations\n→ Give the field one type.`,
      },
    });
    expect(suite.testcase[1]).toMatchObject({ classname: 'stack compose.b', 'system-out': 'hint: Nothing uses it.' });
  });

  it('are one case that passed where there are none', async () => {
    expect(read(await tell('junit', []))).toMatchObject({
      tests: '1',
      failures: '0',
      testcase: { name: 'no findings', classname: 'stack compose' },
    });
  });

  it('say any text that XML can say, and are well-formed whatever a schema says', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), fc.string(), async (message, code) => {
        const suite = read(await tell('junit', [{ code, severity: 'error', message }]));
        const sayable = (text: string) =>
          text
            .toWellFormed()
            .replace(/\r\n?/g, '\n')
            .replace(
              /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufffe\uffff]/g,
              '\ufffd',
            )
            .replace(/##(?=\w*\[)/g, '##\u200b')
            .replace(/^(\s*)::/gm, '$1:\u200b:');
        expect(suite.testcase.failure.message).toBe(sayable(message));
        expect(suite.testcase.name).toBe(sayable(code));
      }),
    );
  });
});

describe('Findings as Markdown', () => {
  it('are a table whose cells are text, whatever is in them', async () => {
    const awkward: Finding = { ...WARNING, message: 'a | b\n@key `x` <img> & \\| [a](b)' };
    expect(await tell('markdown', [mismatch(), HINT, awkward])).toBe(`**stack compose**

| | Code | Where | What |
| --- | --- | --- | --- |
| error | FIELD\\_TYPE\\_MISMATCH | a.graphql:6:3<br>subgraph a | Type of field "Thing.size" is incompatible:<br>Int in "a", String in "b".<br>also at sub/b.graphql:1:14<br>- web 1.2 asks for it: 40 % of its operations<br>→ Give the field one type. |
| hint | UNUSED\\_ENUM\\_TYPE | subgraph b | Nothing uses it. |
| warning | described |  | a \\| b<br>@&#8203;key \\\`x\\\` &lt;img> &amp; \\\\\\| \\[a\\](b) |
`);
  });

  it('keep their table whatever a message says: four cells in every row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (message) => {
        const text = await tell('markdown', [{ ...WARNING, message }]);
        const [row] = text.split('\n').slice(4);
        // GitHub splits a row at every pipe that no backslash stands before.
        const cells = row!.replace(/\\[^]/gu, '').split('|');
        expect([cells.length, text.split('\n').length]).toEqual([6, 6]);
      }),
    );
  });

  it('are one sentence where there are none', async () => {
    expect(await tell('markdown', [])).toBe('**stack compose**: no findings.\n');
  });
});

describe('Findings in the log of a CI system', () => {
  /** As the runner of GitHub Actions looks at each line, ActionCommand.TryParseV2 and TryParse, and those of others. */
  const obeyed = (text: string): readonly string[] =>
    text.split(/\r\n|\n|\r/).filter((line) => line.trimStart().startsWith('::') || /##\w*\[/.test(line));
  const hostile: Finding = {
    code: '##[error]',
    severity: 'error',
    message: 'It says\n  ::add-mask::a\r::stop-commands::x ###[group]y \u202eright to left\u2066',
    subgraph: 'a##[b',
    place: { file: 'x\n::debug::\u001b[31m.graphql', line: 1, column: 1 },
    alsoAt: [{ file: '##[y' }],
    details: ['::set-output name=a::b', '##vso[task.setvariable variable=PATH]x ###teamcity[buildStop]'],
    repair: '\n::warning::c',
  };

  it.each(FINDING_FORMATS)('command nothing of their own as %s, and turn no text round', async (format) => {
    const readFile = async (): Promise<string> => '##[command]\n::add-path::x';
    const text = await tellFindings(format, [hostile], { colours: false, root, title: 'stack compose', readFile });
    expect(obeyed(text)).toEqual(format === 'github' ? [expect.stringMatching(/^::error file=.*\n?$/)] : []);
    expect(text).not.toMatch(/[\u001b\u202a-\u202e\u2066-\u2069]|##\w*\[/);
  });

  it('command nothing as JSON, which says what it said', () => {
    const json = asJson([hostile, '\u0085']);
    expect(obeyed(json)).toEqual([]);
    expect(json).toMatch(/^[^\u007f-\u009f\u202a-\u202e\u2066-\u2069]*$/);
    expect(JSON.parse(json)).toEqual([hostile, '\u0085']);
  });
});

describe('Findings', () => {
  it('are data with files named as the project knows them', () => {
    expect(findingsAsData([mismatch(), HINT], root)).toEqual([
      { ...mismatch(), place: { file: 'a.graphql', line: 6, column: 3 } },
      HINT,
    ]);
  });

  it('are counted by severity', () => {
    expect(countFindings([mismatch(), mismatch(), HINT])).toBe('2 errors, 1 hint');
    expect(countFindings([])).toBe('no findings');
  });

  it('can be told as text, for GitHub, as JUnit and as Markdown', () => {
    expect(FINDING_FORMATS).toEqual(['text', 'github', 'junit', 'markdown']);
  });
});
