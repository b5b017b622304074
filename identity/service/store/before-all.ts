/** Sorts before every id: where the first page of a list begins. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';
