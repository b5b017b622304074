import type { LintRule } from '../lint-rule.js';
import { entityKey } from './entity-key.js';
import { idType } from './id-type.js';
import { mutationInput } from './mutation-input.js';
import { namingConvention } from './naming-convention.js';
import { noCopiedEntity } from './no-copied-entity.js';
import { noUnreachableTypes } from './no-unreachable-types.js';
import { nullableRootFields } from './nullable-root-fields.js';
import { relayArguments } from './relay-arguments.js';
import { relayConnectionTypes } from './relay-connection-types.js';
import { relayConnections } from './relay-connections.js';
import { requireDeprecationReason } from './require-deprecation-reason.js';
import { requireDescription } from './require-description.js';
import { restyFieldNames } from './resty-field-names.js';
import { sharedScalars } from './shared-scalars.js';
import { sharedTypes } from './shared-types.js';
import { tenantOwnedBehindATenant } from './tenant-owned-behind-a-tenant.js';
import { timestamps } from './timestamps.js';

/** Every rule of `stack lint`, in the order of docs/schema-rules.md. */
export const RULES: readonly LintRule[] = [
  requireDescription,
  namingConvention,
  relayConnections,
  relayConnectionTypes,
  relayArguments,
  mutationInput,
  nullableRootFields,
  restyFieldNames,
  entityKey,
  noCopiedEntity,
  idType,
  timestamps,
  sharedTypes,
  sharedScalars,
  requireDeprecationReason,
  noUnreachableTypes,
  tenantOwnedBehindATenant,
];
