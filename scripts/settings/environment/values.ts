import { z } from 'zod';

export const deploymentContext = z.enum(['internal', 'customer']);

export const httpUrl = z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, ''));

/** Of what goes into the headers of a request, which take no line break and nothing beyond ASCII. */
export const headerText = z
  .string()
  .regex(/^[\x21-\x7e]+$/, 'it holds a space, a line break or another character that a request cannot');

/** Judged before a URL is read, which drops line breaks in silence. */
export const plainText = z.string().regex(/^\P{Cc}+$/u, 'it holds a line break or another control character');

const namesNobody = (url: string): boolean => !new URL(url).username && !new URL(url).password;

/** `place`: the setting in which a login is not shown. */
export const urlWithoutLogin = (url: z.ZodType<string, string>, place: string) =>
  plainText.pipe(url).refine(namesNobody, `it holds a login, which belongs into ${place}`);
