/** Monaco's work beside the page, from our own origin; where each file is, the page says. */
const { workers } = globalThis.document.getElementById('root').dataset;
const files = JSON.parse(workers);

globalThis.MonacoEnvironment = {
  getWorker: (_workerId, label) => new globalThis.Worker(files[label] ?? files.editor, { name: label }),
};
