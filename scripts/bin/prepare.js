#!/usr/bin/env node
// `npm run build`: what every start does first, alone.
import { prepareOrExit } from '../prepare/prepare.js';

await prepareOrExit();
