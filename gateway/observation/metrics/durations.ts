/** Upper bounds in seconds: of answers from memory, through what we promise (0.2 and 0.5), to the deadline. */
export const DURATIONS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 1, 2.5, 5, 10, 30];
/** Of what takes no time unless there is too much to do. */
export const SHORT_DURATIONS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
