export type { Finding, Place, Severity } from './findings/finding.js';
