import type { TrustedDocumentsOptions } from '@inevitable/gateway';
import { JOBS_PAGE_DOCUMENTS } from '@inevitable/operations/jobs-page-documents';
import { REGISTRY_DOCUMENTS } from '@inevitable/toolchain/registry-documents';
import type { Settings } from '../settings/settings.js';

/** With what the stack's own page and commands send: nobody has to list that. */
export const trustedDocumentsOf = ({
  trustedDocuments,
}: Pick<Settings, 'trustedDocuments'>): TrustedDocumentsOptions | undefined =>
  trustedDocuments && {
    ...trustedDocuments,
    own: [...JOBS_PAGE_DOCUMENTS, ...Object.values(REGISTRY_DOCUMENTS)],
  };
