import { escapeHtml } from './escape-html.js';

/**
 * The Markdown that pages need: headings, paragraphs, lists, quotes, fenced code, rules; in them `code`, **strong**, *emphasis*
 * and [links](…). Everything else is text, HTML too.
 */
export function renderMarkdown(text) {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const html = [];
  let at = 0;
  /** The lines from here on that fit, without what marks them. */
  const takeWhile = (pattern) => {
    const taken = [];
    for (let match; at < lines.length && (match = pattern.exec(lines[at])); at += 1) taken.push(match[1]);
    return taken;
  };

  while (at < lines.length) {
    const line = lines[at];
    const heading = /^(#{1,6}) +(.*?) *#*$/.exec(line);
    if (line.trim() === '') {
      at += 1;
    } else if (heading) {
      const level = heading[1].length;
      html.push(`<h${level}>${renderInline(heading[2])}</h${level}>`);
      at += 1;
    } else if (line.startsWith('```')) {
      at += 1;
      const code = takeWhile(/^(?!```)(.*)$/);
      at += 1; // the fence that ends it; the end of the page does, too
      html.push(`<pre><code>${escapeHtml(code.join('\n'))}\n</code></pre>`);
    } else if (/^(-{3,}|\*{3,})$/.test(line)) {
      html.push('<hr>');
      at += 1;
    } else if (/^[-*] /.test(line)) {
      html.push(`<ul>${itemsOf(takeWhile(/^[-*] +(.*)$/))}</ul>`);
    } else if (/^\d+\. /.test(line)) {
      html.push(`<ol>${itemsOf(takeWhile(/^\d+\. +(.*)$/))}</ol>`);
    } else if (line.startsWith('> ')) {
      html.push(`<blockquote><p>${renderInline(takeWhile(/^> (.*)$/).join('\n'))}</p></blockquote>`);
    } else {
      // At least this line, whatever it begins with.
      at += 1;
      const more = takeWhile(/^(?!#{1,6} |```|[-*] |\d+\. |> )(.*\S.*)$/);
      html.push(`<p>${renderInline([line, ...more].join('\n'))}</p>`);
    }
  }
  return `${html.join('\n')}\n`;
}

const itemsOf = (items) => items.map((item) => `<li>${renderInline(item)}</li>`).join('');

/** Addresses a link may lead to: none that runs a script. */
const SAFE_ADDRESS = /^(https?:|mailto:|[^:]*$|[/#.[])/i;

function renderInline(text) {
  // What stands between back quotes is taken out first: nothing in it is marked up.
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      /^`[^`]+`$/.test(part) ? `<code>${escapeHtml(part.slice(1, -1))}</code>` : renderMarks(escapeHtml(part)),
    )
    .join('');
}

const renderMarks = (html) =>
  html
    .replace(/\[([^[\]]+)\]\(((?:\[\[[^\]]+\]\]|[^\s()[\]])+)\)/g, (all, label, address) =>
      SAFE_ADDRESS.test(address) ? `<a href="${address}">${label}</a>` : all,
    )
    .replace(/\*\*(?=\S)([^*]+?)(?<=\S)\*\*/g, '<strong>$1</strong>')
    .replace(/\*(?=\S)([^*]+?)(?<=\S)\*/g, '<em>$1</em>');
