import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { givenSetup } from './gateway-setup.js';
import { serveWithHive } from './serve-with-hive.js';

/** Planned by the Rust query planner, a native module. */
await serveWithHive(await givenSetup(), unifiedGraphHandler);
