import { articleBefore, capitalized, type NameForms } from './name-forms.js';
import { SubgraphRefused, type SubgraphNames } from './subgraph-names.js';

/** A file of a subgraph, its path relative to the subgraph's folder, with slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/**
 * How a stretch of text writes a name: variables and types, prose, file names and the names of events, tables. What is
 * joined to other words (`createNote`, `note-changed`, `notes_pkey`) tells by itself.
 */
type Manner = 'code' | 'prose' | 'kebab' | 'snake';
interface Stretch {
  readonly manner: Manner;
  readonly text: string;
}

/**
 * The starter under other names: its files and every word in them that says `starter` or `note`. `migratedAt` names the
 * migration. Throws `SubgraphRefused` where two names of one file would become one.
 */
export function renameStarter(
  files: readonly SourceFile[],
  names: SubgraphNames,
  migratedAt: Date,
): readonly SourceFile[] {
  return files.map(({ path, text }) => {
    const stretches = stretchesOf(path, text);
    refuseClash(path, stretches, names);
    return {
      path: renamePath(path, names, migratedAt),
      text: stretches.map((stretch) => renameStretch(stretch, names)).join(''),
    };
  });
}

/** Its folders and files, and its one migration, which begins the product's own history. */
function renamePath(path: string, names: SubgraphNames, migratedAt: Date): string {
  const time = migratedAt.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return path
    .split('/')
    .map((part) =>
      /^\d{14}_/.test(part)
        ? `${time}_${renameWords(part.slice(15), 'snake', names)}`
        : renameWords(part, 'kebab', names),
    )
    .join('/');
}

const WORDS = /(?<![A-Za-z])(?:starter|note(?:s(?![a-z]))?)(?![a-z])|(?:Starter|Note(?:s(?![a-z]))?)(?![a-z])/g;

function renameStretch({ manner, text }: Stretch, names: SubgraphNames): string {
  const { one, many, product } = names;
  const own = text
    // What is true of the starter alone.
    .replaceAll('The smallest complete subgraph: notes', capitalized(many.spoken))
    .replaceAll('team-platform', `team-${product.kebab}`);
  const spoken =
    manner === 'prose'
      ? own.replace(/\b([Aa]) (?=note\b)/g, (_found, a: string) => {
          const article = articleBefore(one.spoken);
          return `${a === 'A' ? capitalized(article) : article} `;
        })
      : own;
  return renameWords(spoken, manner, names);
}

function renameWords(text: string, manner: Manner, { product, one, many }: SubgraphNames): string {
  return text.replace(WORDS, (word: string, at: number) => {
    const before = text.charAt(at - 1);
    const after = text.charAt(at + word.length);
    const of = /^s/i.test(word) ? product : word.endsWith('s') ? many : one;
    if (/^[A-Z]/.test(word)) return of.pascal;
    if (/[A-Z]/.test(after)) return of.camel;
    if (before === '-' || after === '-') return of.kebab;
    if (before === '_' || after === '_') return of.snake;
    return of === product && manner !== 'code' ? of.kebab : inManner(of, manner);
  });
}

function inManner(of: NameForms, manner: Manner): string {
  switch (manner) {
    case 'code':
      return of.camel;
    case 'prose':
      return of.spoken;
    case 'kebab':
      return of.kebab;
    case 'snake':
      return of.snake;
  }
}

function stretchesOf(path: string, text: string): readonly Stretch[] {
  if (path.endsWith('.ts')) return split(text, TYPESCRIPT, mannerInTypeScript);
  if (path.endsWith('.graphql')) return split(text, GRAPHQL, () => 'prose');
  if (path.endsWith('.prisma')) return split(text, PRISMA, (found) => (found.startsWith('"') ? 'snake' : 'prose'));
  if (path.endsWith('.sql')) return [{ manner: 'snake', text }];
  if (path.endsWith('.json')) return split(text, JSON_STRING, (found) => (/[ .:]/.test(found) ? 'prose' : 'kebab'));
  return [{ manner: 'prose', text }];
}

/** Comments, strings, and where a table is a key. */
const TYPESCRIPT =
  /tenantData: \{ \w+|\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
const GRAPHQL = /"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*/g;
const PRISMA = /"(?:\\.|[^"\\\n])*"|\/\/[^\n]*/g;
const JSON_STRING = /"(?:\\.|[^"\\\n])*"/g;

/** Comments and strings apart from the code between them. */
function split(text: string, apart: RegExp, mannerOf: (found: string, before: string) => Manner): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let end = 0;
  for (const found of text.matchAll(apart)) {
    stretches.push({ manner: 'code', text: text.slice(end, found.index) });
    stretches.push({ manner: mannerOf(found[0], text.slice(0, found.index)), text: found[0] });
    end = found.index + found[0].length;
  }
  stretches.push({ manner: 'code', text: text.slice(end) });
  return stretches;
}

function mannerInTypeScript(found: string, before: string): Manner {
  if (found.startsWith('/')) return 'prose';
  if (found.startsWith('tenantData')) return 'snake'; // a table
  const content = found.slice(1, -1);
  if (/^select /.test(content)) return 'snake';
  if (content.includes('{')) return 'code'; // an operation
  if (/^\.{1,2}\//.test(content) || /^(starter[.:].*|starter)$/.test(content)) return 'kebab';
  return /^\w+$/.test(content) && before.endsWith('[') ? 'code' : 'prose'; // a key or a path: ['note']
}

/** Names that a file declares or imports: not the fields it reads or writes of something. */
const DECLARED = /(?<![.\w$])[A-Za-z_$][\w$]*(?![\w$]|\??:)/g;

/** Two of a file's names that would become one would no longer compile, or mean something else. Throws `SubgraphRefused`. */
function refuseClash(path: string, stretches: readonly Stretch[], names: SubgraphNames): void {
  if (!path.endsWith('.ts')) return;
  const became = new Map<string, string>();
  for (const { manner, text } of stretches) {
    if (manner !== 'code' || /^['"`]/.test(text)) continue;
    for (const [name] of text.matchAll(DECLARED)) {
      const renamed = renameWords(name, 'code', names);
      const other = became.get(renamed);
      if (other !== undefined && other !== name) {
        const subject = renamed === names.product.camel ? names.product.kebab : names.one.pascal;
        throw new SubgraphRefused(
          `"${subject}" makes a name, "${renamed}", that ${path} uses for something else: choose another ${subject === names.one.pascal ? '--entity' : 'name'}.`,
        );
      }
      became.set(renamed, name);
    }
  }
}
