import { z } from 'zod';
import { databasesAndJobs } from './environment/databases-and-jobs.js';
import { everyPart } from './environment/every-part.js';
import { files } from './environment/files.js';
import { gateway } from './environment/gateway.js';
import { identityAndSecrets } from './environment/identity-and-secrets.js';
import { mail } from './environment/mail.js';
import { PRODUCT_GROUP } from './environment/of-one-product.js';
import { otherProcesses } from './environment/other-processes.js';
import type { SettingGroup } from './environment/setting.js';
import { traces } from './environment/traces.js';

/** In the order in which an operator reads of them. */
export const SETTING_GROUPS: readonly SettingGroup[] = [
  everyPart,
  gateway,
  identityAndSecrets,
  otherProcesses,
  databasesAndJobs,
  files,
  mail,
  traces,
  PRODUCT_GROUP,
];

export const environment = z.object({
  ...everyPart.settings,
  ...gateway.settings,
  ...identityAndSecrets.settings,
  ...otherProcesses.settings,
  ...databasesAndJobs.settings,
  ...files.settings,
  ...mail.settings,
  ...traces.settings,
});

/** Every variable that is read by this name; those of products have theirs in front. */
export const SETTING_NAMES: readonly string[] = Object.keys(environment.shape);
