/** One JSON object a line, on standard output. */
export const createLog =
  (task) =>
  (level, message, facts = {}) =>
    console.log(JSON.stringify({ time: new Date().toISOString(), level, task, message, ...facts }));
