/** What git is run with, so that it looks at the folder it is told to, and complains in words that can be read. */
export const gitEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...env,
  LC_ALL: 'C',
  // Within a hook git names the repository itself, relative to where it was called.
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
});
