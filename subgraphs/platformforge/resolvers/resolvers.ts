import type { Resolvers } from '../generated/resolvers.js';
import { archivePlatform } from './archive-platform.js';
import { deletePlatform } from './delete-platform.js';
import { deletePlatformTemplate } from './delete-platform-template.js';
import { generatePlatform } from './generate-platform.js';
import { platform } from './platform.js';
import { platformChanged } from './platform-changed.js';
import { platformFields } from './platform-fields.js';
import { platformForgeHealth } from './platform-forge-health.js';
import { platformQuota } from './platform-quota.js';
import { platformSettings, updatePlatformSettings } from './platform-settings.js';
import { platforms, platformsOfTenant, platformsOfUser } from './platforms.js';
import { platformTemplates } from './platform-templates.js';
import { platformUsage, platformUsageHourFields } from './platform-usage.js';
import { regeneratePlatform } from './regenerate-platform.js';
import { restorePlatform } from './restore-platform.js';
import { updatePlatform } from './update-platform.js';

export const resolvers: Resolvers = {
  Query: { platform, platforms, platformTemplates, platformSettings, platformForgeHealth },
  Mutation: {
    generatePlatform,
    updatePlatform,
    regeneratePlatform,
    archivePlatform,
    restorePlatform,
    deletePlatform,
    deletePlatformTemplate,
    updatePlatformSettings,
  },
  Subscription: { platformChanged },
  Platform: platformFields,
  PlatformUsageHour: platformUsageHourFields,
  User: { platforms: platformsOfUser },
  Tenant: { platforms: platformsOfTenant, platformQuota, platformUsage },
};
