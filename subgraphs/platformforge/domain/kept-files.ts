/** Keys in the tenant's files. Artifacts in 256 folders, by the random end of their ids: a tenant may have very many. */
export const artifactKey = (generationId: string): string =>
  `artifacts/${generationId.slice(-2)}/${generationId}.tar.gz`;
export const templateKey = (templateId: string): string => `templates/${templateId}.tar.gz`;
