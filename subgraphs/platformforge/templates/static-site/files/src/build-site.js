import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { escapeHtml } from './escape-html.js';
import { nameByContent } from './name-by-content.js';
import { renderMarkdown } from './render-markdown.js';

/** A page or a partial cannot be built; the message names the file. */
export class BadPage extends Error {}

/**
 * Builds `pages/` into `dist/`: `about.md` becomes `about/index.html`, `404.md` becomes `404.html`. Assets are named after
 * their content, so that browsers may keep them for ever. All is built beside `dist/` and put in its place at the end: a
 * page that cannot be built leaves the last good site as it is. Resolves with what was written, in order. Throws `BadPage`.
 */
export async function buildSite({ root, site }) {
  const draft = join(root, 'dist.new');
  await rm(draft, { recursive: true, force: true });

  const assets = await readAssets(join(root, 'assets'));
  const layout = await readFile(join(root, 'partials', 'layout.html'), 'utf8');
  const partials = await readPartials(join(root, 'partials'));
  const pages = await readPages(join(root, 'pages'));
  const menu = menuOf(pages, site);
  const fill = (text, file, values) => fillIn(text, file, { ...values, site, assets, partials });

  const written = [];
  const write = async (path, content) => {
    await mkdir(dirname(join(draft, path)), { recursive: true });
    await writeFile(join(draft, path), content);
    written.push(path);
  };
  for (const { name, bytes } of assets.values()) await write(`assets/${name}`, bytes);
  for (const { file, title, html, address } of pages) {
    const content = fill(html, file, { title: escapeHtml(title), menu });
    await write(address, fill(layout, 'partials/layout.html', { title: escapeHtml(title), menu, content }));
  }

  await rm(join(root, 'dist'), { recursive: true, force: true });
  await rename(draft, join(root, 'dist'));
  return written.sort();
}

/** Files of a folder and below it, relative to it, in order: the same input is built in the same way everywhere. */
async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .sort();
}

/** By the name they are called by: `{ name, bytes }`. */
async function readAssets(folder) {
  const assets = new Map();
  for (const file of await filesBelow(folder)) {
    const bytes = await readFile(join(folder, file));
    assets.set(file, { name: nameByContent(file, bytes), bytes });
  }
  return assets;
}

async function readPartials(folder) {
  const partials = new Map();
  for (const file of await filesBelow(folder)) partials.set(file, await readFile(join(folder, file), 'utf8'));
  return partials;
}

async function readPages(folder) {
  const pages = [];
  for (const file of (await filesBelow(folder)).filter((name) => /\.(md|html)$/.test(name))) {
    const text = await readFile(join(folder, file), 'utf8');
    const html = file.endsWith('.md') ? renderMarkdown(text) : text;
    const title = /<h1>(.*?)<\/h1>/s.exec(html)?.[1].replace(/<[^>]*>/g, '');
    if (!title) throw new BadPage(`pages/${file} has no heading: its first line must be "# …", or <h1>…</h1> in HTML.`);
    pages.push({ file: `pages/${file}`, title: unescapeHtml(title), html, address: addressOf(file) });
  }
  return pages;
}

const addressOf = (file) => {
  const name = file.replace(/\.(md|html)$/, '');
  return name === '404' || name === 'index' || name.endsWith('/index') ? `${name}.html` : `${name}/index.html`;
};

const linkOf = (address, { basePath }) => basePath + address.replace(/(^|\/)index\.html$/, '$1');

/** A list of all pages at the top level, the first page first. */
function menuOf(pages, site) {
  const items = pages
    .filter(({ address }) => address !== '404.html' && address.split('/').length <= 2)
    .sort((one, other) => Number(other.address === 'index.html') - Number(one.address === 'index.html'))
    .map(({ title, address }) => `<li><a href="${linkOf(address, site)}">${escapeHtml(title)}</a></li>`);
  return `<ul>${items.join('')}</ul>`;
}

/**
 * Fills `[[…]]` in: `[[title]]`, `[[menu]]`, `[[content]]`, `[[site.title]]`, `[[asset style.css]]`, `[[partial footer.html]]`
 * and `[[page about]]`. Everything but partials is filled in once: what a page says is never read as a placeholder again.
 */
function fillIn(text, file, { site, assets, partials, ...values }) {
  const withPartials = text.replace(/\[\[partial ([^\]]+)\]\]/g, (_all, name) => {
    if (!partials.has(name)) throw new BadPage(`${file}: there is no partials/${name}.`);
    return partials.get(name);
  });
  return withPartials.replace(/\[\[(?:(asset|page) )?([^\]\s]+)\]\]/g, (all, kind, name) => {
    switch (kind) {
      case 'asset':
        if (!assets.has(name)) throw new BadPage(`${file}: there is no assets/${name}.`);
        return `${site.basePath}assets/${assets.get(name).name}`;
      case 'page':
        return `${site.basePath}${name === 'index' ? '' : `${name}/`}`;
      default:
        if (name.startsWith('site.')) return escapeHtml(String(site[name.slice(5)] ?? ''));
        return Object.hasOwn(values, name) ? values[name] : all;
    }
  });
}

const unescapeHtml = (html) =>
  html.replace(
    /&(lt|gt|quot|#39|amp);/g,
    (_all, name) => ({ lt: '<', gt: '>', quot: '"', '#39': "'", amp: '&' })[name],
  );
