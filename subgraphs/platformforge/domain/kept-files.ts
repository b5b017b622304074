/** Keys in the tenant's files. */
export const artifactKey = (generationId: string): string => `artifacts/${generationId}.tar.gz`;
export const templateKey = (templateId: string): string => `templates/${templateId}.tar.gz`;
