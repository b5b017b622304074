/** Something that keeps the stack from serving what is on the disk, as the GraphiQL page shows it. */
export interface ConsoleProblem {
  readonly title: string;
  /** Plain text; line breaks and blanks are kept. */
  readonly text: string;
}
