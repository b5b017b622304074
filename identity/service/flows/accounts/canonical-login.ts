/**
 * One spelling of an e-mail address or user name: trimmed, compatibility-normalised (U+FF20 is an `@`), lower-case.
 * Normalised again after lower-casing, which can compose differently; so it is a fixed point.
 */
export const canonicalLogin = (text: string): string => text.normalize('NFKC').toLowerCase().normalize('NFKC').trim();
