import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { renderMarkdown } from '../src/render-markdown.js';

describe('Markdown', () => {
  for (const [what, markdown, html] of [
    ['headings', '# One\n### Three ###', '<h1>One</h1>\n<h3>Three</h3>\n'],
    ['paragraphs', 'a\nb\n\nc', '<p>a\nb</p>\n<p>c</p>\n'],
    ['lists', '- a\n- b\n1. c', '<ul><li>a</li><li>b</li></ul>\n<ol><li>c</li></ol>\n'],
    ['quotes and rules', '> a\n\n---', '<blockquote><p>a</p></blockquote>\n<hr>\n'],
    ['marks', '**a** *b* `**c**`', '<p><strong>a</strong> <em>b</em> <code>**c**</code></p>\n'],
    ['code', '```\n<b>\n# no heading\n```', '<pre><code>&lt;b&gt;\n# no heading\n</code></pre>\n'],
    ['code that never ends', '```\na', '<pre><code>a\n</code></pre>\n'],
    ['links', '[a](/b "x") [c](https://d)', '<p>[a](/b &quot;x&quot;) <a href="https://d">c</a></p>\n'],
    ['links to pages', '[a]([[page b]])', '<p><a href="[[page b]]">a</a></p>\n'],
    ['HTML as text', '<i>&</i>', '<p>&lt;i&gt;&amp;&lt;/i&gt;</p>\n'],
    ['no links that run a script', '[a](javascript:alert)', '<p>[a](javascript:alert)</p>\n'],
    ['nothing', '', '\n'],
  ]) {
    it(`renders ${what}`, () => assert.equal(renderMarkdown(markdown), html));
  }
});
