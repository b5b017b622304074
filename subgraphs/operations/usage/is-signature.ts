/** A SHA-256, hexadecimal. */
export const isSignature = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
