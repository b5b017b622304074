/**
 * A message in one line of a log. It may quote a key of supergraph.yaml, a file's name or a git reference, and a line
 * that one of these begins would be a command for the runner of GitHub Actions (`::add-mask::…`). Controls and marks of
 * the direction of writing become U+FFFD, and `##[`, which the same runner obeys anywhere in a line, is broken, as is
 * `##vso[` of Azure Pipelines.
 */
export const oneSentence = (message: string): string =>
  message
    .trim()
    .replace(/[\t\n\v\f\r\u0085\u2028\u2029]+ */g, ' ')
    .replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
    .replace(/##(?=\w*\[)/g, '##\u200b');
