import { reportReady } from '../processes/as-child.js';
import { givenSetup } from './gateway-setup.js';
import { noProtection } from './protection.js';
import { startOurs } from './start-ours.js';

const { url } = await startOurs(await givenSetup(), noProtection());
reportReady(`${url}/graphql`);
