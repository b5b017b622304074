import type { Skipped } from '@inevitable/kit';
import type { PlatformForgeRun } from '../../context.js';
import { findTemplate } from '../../rendering/find-template.js';
import { loadTemplate } from '../../rendering/load-template.js';
import { parametersSchema } from '../../rendering/parameters-schema.js';
import { renderPlatform, type RenderedPlatform } from '../../rendering/render-platform.js';
import { TemplateFailed } from '../../rendering/template-failed.js';
import type { Generation, Platform } from '../../generated/prisma/client.js';
import { beginGeneration } from './begin-generation.js';
import { failGeneration } from './fail-generation.js';
import { reasonForGood } from './failure-reason.js';
import { finishGeneration } from './finish-generation.js';
import { artifactKey } from '../kept-files.js';
import { renewReservation } from '../quota/renew-reservation.js';
import { settleGeneration } from '../quota/settle-generation.js';

export interface GenerationAsked {
  readonly platformId: string;
  readonly generationId: string;
}
export type GenerationRun = PlatformForgeRun<GenerationAsked>;

/**
 * One run of `platformforge.generate`. What no retry can mend ends as FAILED here, with a reason for the person who asked;
 * everything else is thrown, and tried again. Each step bears that another run did it before, or that the platform was
 * deleted meanwhile.
 */
export async function runGeneration(run: GenerationRun): Promise<void | Skipped> {
  const begun = await beginGeneration(run);
  if ('skipped' in begun) {
    await settleGeneration(run.payload.generationId, run);
    return begun;
  }
  try {
    await make(begun.platform, begun.generation, begun.isLate, run);
  } catch (error) {
    const reason = reasonForGood(error, run.attempt);
    if (reason === null) throw error;
    await failGeneration(run, reason);
  }
  await settleGeneration(run.payload.generationId, run);
}

async function make(platform: Platform, generation: Generation, isLate: boolean, run: GenerationRun): Promise<void> {
  if (isLate) await renewReservation(generation, run);
  const artifact = await renderArtifact(platform, run);
  run.progress(0.7, 'rendered');
  await run.files.put(artifactKey(generation.id), artifact.bytes);
  run.progress(0.9, 'stored');
  if (await finishGeneration(run, artifact, platform.artifactId)) run.progress(1, `${artifact.bytes.length} bytes`);
}

/** Throws `TemplateFailed`. The template is the one of this moment: it may have been replaced since the platform was asked for. */
async function renderArtifact(platform: Platform, run: GenerationRun): Promise<RenderedPlatform> {
  const { deployment } = run.context;
  const template = await findTemplate(platform.template, { db: run.db, deployment });
  if (!template) throw new TemplateFailed(`The template "${platform.template}" is not there any more.`);
  const parameters = parametersSchema(template.manifest).safeParse(platform.parameters);
  if (!parameters.success) {
    const { path, message } = parameters.error.issues[0]!;
    throw new TemplateFailed(`The parameters do not fit the template any more: ${[...path, message].join(': ')}`);
  }
  const content = await loadTemplate(template, run);
  run.progress(0.2, 'template read');
  const { name, slug } = platform;
  return renderPlatform({ content, platform: { name, slug }, parameters: parameters.data, deployment }, run.signal);
}
