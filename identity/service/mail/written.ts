/** The text of a mail. */
export const written = (...paragraphs: readonly string[]): string => `${['Hello,', ...paragraphs].join('\n\n')}\n`;
