/**
 * A template cannot become a platform, and trying again would not mend it: it says what does not work, or it takes too
 * long, too much memory or too much room. The message is for the person who asked: which file, which line, what.
 */
export class TemplateFailed extends Error {
  override readonly name = 'TemplateFailed';
}
