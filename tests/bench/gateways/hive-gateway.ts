import { givenSetup } from './gateway-setup.js';
import { serveWithHive } from './serve-with-hive.js';

await serveWithHive(await givenSetup());
