/** The nil UUID (RFC 9562, section 5.9): nothing has it as its id. */
export const NIL_ID = '00000000-0000-0000-0000-000000000000';

/** Sorts before every id: where the first page of a list begins. */
export const BEFORE_ALL = NIL_ID;
