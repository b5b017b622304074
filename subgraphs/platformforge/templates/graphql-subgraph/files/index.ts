export { default } from './subgraph.js';
