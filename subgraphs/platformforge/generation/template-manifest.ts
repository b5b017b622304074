import { z } from 'zod';

/** `template.json` at the top of a template. */
export const templateManifest = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    .max(60),
  title: z.string().min(1).max(100),
  description: z.string().min(1).max(500),
  parameters: z.looseObject({ type: z.literal('object') }),
});
export type TemplateManifest = z.output<typeof templateManifest>;
