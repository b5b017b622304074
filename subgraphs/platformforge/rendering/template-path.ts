/** Characters of a path, below the platform's own folder. */
const LONGEST_PATH = 200;
/** Bytes of one name: what file systems hold. */
const LONGEST_NAME = 255;

/** Control and format characters, halves of surrogate pairs, line and paragraph separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** https://learn.microsoft.com/windows/win32/fileio/naming-a-file */
const RESERVED_CHARACTER = /[<>:"|?*]/;
const RESERVED_NAME = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)\s*(\.|$)/i;

/** What liquid prints within a path. It is judged again once it is rendered. */
const PRINTED = /\{\{[^{}/]*\}\}/g;

/**
 * Why a file may not have this path, in words that go on after it: `…: is no relative path.` null: it may, on every
 * system and wherever it is unpacked. The one place that judges paths, for templates and for what is made of them.
 */
export function pathFault(path: string): string | null {
  if (path.length > LONGEST_PATH) return `is longer than ${LONGEST_PATH} characters`;
  if (!path.isWellFormed() || UNSEEN.test(path)) return 'has characters that cannot be seen';
  if (path.includes('\uFFFD')) return 'is not UTF-8';
  if (path.includes('\\')) return 'has a backslash';
  if (path.startsWith('/')) return 'is absolute';
  for (const name of path.split('/')) {
    const fault = nameFault(name);
    if (fault) return fault;
  }
  return null;
}

/** `pathFault` of a template's file: its names may have `{{ … }}` in them, without `/`. */
export function templatePathFault(path: string): string | null {
  if (path.length > LONGEST_PATH) return `is longer than ${LONGEST_PATH} characters`;
  const fault = pathFault(path.replaceAll(PRINTED, 'x'));
  if (fault) return fault;
  // Judged as it stands, too, for it is a path before it is rendered.
  if (!path.isWellFormed() || UNSEEN.test(path)) return 'has characters that cannot be seen';
  if (path.includes('\\')) return 'has a backslash';
  if (/\{\{|\}\}|\{%|%\}/.test(path.replaceAll(PRINTED, '')))
    return 'may have liquid only as {{ … }}, without a slash or braces in it';
  return null;
}

function nameFault(name: string): string | null {
  if (name === '') return 'has an empty name in it';
  if (name === '.' || name === '..') return 'climbs out of its folder';
  if (Buffer.byteLength(name) > LONGEST_NAME) return `has a name of more than ${LONGEST_NAME} bytes`;
  if (RESERVED_CHARACTER.test(name)) return 'has one of the characters < > : " | ? * in it';
  if (RESERVED_NAME.test(name)) return 'has a name that Windows keeps for itself';
  if (/[. ]$/.test(name)) return 'has a name that ends with a dot or a space';
  // Whoever unpacks a platform would run what a repository's own settings and hooks say.
  if (/^\.git$/i.test(name)) return 'has a name that git keeps for itself';
  return null;
}

/** Two paths that cannot both be there, on one file system or another. */
export interface PathClash {
  readonly path: string;
  /** In words that go on after the path. */
  readonly fault: string;
}

/** The first path that stands twice, differs from another by case alone, or would be a file and a folder; null: none. */
export function pathClash(paths: Iterable<string>): PathClash | null {
  const files = new Map<string, string>();
  const folders = new Map<string, string>();
  for (const path of paths) {
    const key = asOneName(path);
    const twin = files.get(key);
    if (twin === path) return { path, fault: 'is there twice' };
    if (twin !== undefined) return { path, fault: `differs from ${JSON.stringify(twin)} by capital letters alone` };
    files.set(key, path);
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      const other = folders.get(asOneName(folder));
      if (other !== undefined && other !== folder)
        return { path, fault: `has a folder that differs from ${JSON.stringify(other)} by capital letters alone` };
      folders.set(asOneName(folder), folder);
    }
  }
  for (const [key, path] of files) if (folders.has(key)) return { path, fault: 'is a file and a folder' };
  return null;
}

/** What macOS and Windows hold to be the same name. */
const asOneName = (path: string): string => path.normalize('NFC').toLowerCase().normalize('NFC');

/** Order of two paths by their bytes in UTF-8: the same on every machine. */
export const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
