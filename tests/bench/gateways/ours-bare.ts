import { reportReady } from '../processes/as-child.js';
import { bare } from './deployed.js';
import { givenSetup } from './gateway-setup.js';
import { startOurs } from './start-ours.js';

const { url } = await startOurs(await givenSetup(), bare());
reportReady(`${url}/graphql`);
