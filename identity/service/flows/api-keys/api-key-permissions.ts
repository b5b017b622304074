/** Makes, rotates and revokes keys of one's own, and sees them. */
export const WRITE_API_KEYS = 'identity:api-keys:write';
/** Sees and revokes those of everybody in the tenant. */
export const ADMINISTER_API_KEYS = 'identity:api-keys:admin';
