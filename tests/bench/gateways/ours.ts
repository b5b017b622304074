import { givenSetup } from './gateway-setup.js';
import { serveOurs } from './serve-ours.js';

await serveOurs(await givenSetup());
