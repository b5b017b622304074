/**
 * Of every answer that does not say otherwise (OWASP REST Security Cheat Sheet): it is what it says it is, no page frames
 * it, and where it leads to is not told where one came from. Names and values by turns.
 */
export const SECURITY_HEADERS: readonly string[] = [
  'x-content-type-options',
  'nosniff',
  'x-frame-options',
  'DENY',
  'content-security-policy',
  "frame-ancestors 'none'",
  'referrer-policy',
  'no-referrer',
];

/** A browser that came by https comes by nothing else for a year (RFC 6797). Hosts below are not ours to speak for. */
export const STRICT_TRANSPORT_SECURITY: readonly string[] = ['strict-transport-security', 'max-age=31536000'];
