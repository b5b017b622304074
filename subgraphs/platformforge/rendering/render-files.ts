import type { TemplateFile } from './known-template.js';
import { BoundedSteps, renderText, type RenderBounds, type TemplateVariables } from './liquid-engine.js';
import type { PlatformToRender } from './render-platform.js';
import { TemplateFailed } from './template-failed.js';
import { pathClash, pathFault } from './template-path.js';

const LIQUID = '.liquid';
const MOST_FILES = 2_000;
const MOST_BYTES = 32 * 1024 * 1024;
/** A few seconds of one core. Real templates take some thousands. */
const MOST_STEPS = 2_000_000;

/** What comes out of a template, below the platform's own folder. Throws `TemplateFailed`. */
export function renderFiles({ content, platform, parameters, deployment }: PlatformToRender): readonly TemplateFile[] {
  const variables: TemplateVariables = { platform, parameters, deployment };
  const hidden = deployment === 'internal' ? [] : (content.manifest.internalFiles ?? []);
  const steps = new BoundedSteps(MOST_STEPS);
  const files: TemplateFile[] = [];
  let left = MOST_BYTES;
  for (const file of content.files) {
    if (hidden.some((prefix) => file.path.startsWith(prefix))) continue;
    const rendered = renderFile(file, variables, { mostBytes: left, steps });
    left -= rendered.bytes.byteLength;
    if (left < 0) throw new TemplateFailed('The platform would have more than 32 MiB.');
    if (files.push(rendered) > MOST_FILES)
      throw new TemplateFailed(`The platform would have more than ${MOST_FILES} files.`);
  }
  const clash = pathClash(files.map(({ path }) => path));
  if (clash) throw new TemplateFailed(`The platform's file ${JSON.stringify(clash.path)} ${clash.fault}.`);
  return files.map((file) => ({ ...file, path: `${platform.slug}/${file.path}` }));
}

function renderFile(file: TemplateFile, variables: TemplateVariables, bounds: RenderBounds): TemplateFile {
  const isLiquid = file.path.endsWith(LIQUID);
  const path = renderPath(isLiquid ? file.path.slice(0, -LIQUID.length) : file.path, variables, bounds);
  if (!isLiquid) return { ...file, path };
  return { ...file, path, bytes: renderText(textOf(file), file.path, variables, bounds) };
}

/** Name by name: what liquid prints may not make folders. */
function renderPath(path: string, variables: TemplateVariables, bounds: RenderBounds): string {
  if (!path.includes('{{')) return path;
  const rendered = path.split('/').map((name) => {
    const printed = renderText(name, path, variables, bounds).toString();
    const fault = printed.includes('/') ? 'has a slash in it' : pathFault(printed);
    if (fault) throw new TemplateFailed(`${path}: the name ${JSON.stringify(printed.slice(0, 100))} ${fault}.`);
    return printed;
  });
  const whole = rendered.join('/');
  const fault = pathFault(whole);
  if (fault) throw new TemplateFailed(`${path}: the path ${JSON.stringify(whole.slice(0, 100))} ${fault}.`);
  return whole;
}

function textOf({ path, bytes }: TemplateFile): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new TemplateFailed(`${path}: it is not UTF-8 text, and only text can be rendered.`);
  }
}
