import type { InitializeHook, ResolveHook } from 'node:module';

/** Runs in Node's thread for module hooks (`module.register`); there is one set of folders for a process. */
let folders: readonly string[] = [];

/** `data`: the folders, as file URLs that end with a slash. */
export const initialize: InitializeHook<readonly string[]> = (data) => {
  folders = data;
};

/**
 * What a module that was imported with a version (`?v=3`) imports from its own folder has that version too: so one import
 * loads all of a product anew. What it imports from elsewhere, the kit above all, is there once.
 */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const resolved = await nextResolve(specifier, context);
  return { ...resolved, url: versionedUrl(resolved.url, context.parentURL, folders) };
};

/** `url` with the version of the module that imports it, where both are in the same one of the folders. */
export function versionedUrl(url: string, parent: string | undefined, below: readonly string[]): string {
  const version = parent === undefined ? undefined : /\?v=\d+$/.exec(parent)?.[0];
  if (version === undefined || url.includes('?')) return url;
  return below.some((folder) => url.startsWith(folder) && parent!.startsWith(folder)) ? url + version : url;
}
