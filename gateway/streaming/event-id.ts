/** It travels in headers and in lines of an event stream: nothing that would end one of those. */
const EVENT_ID = /^[\x20-\x7e]{1,200}$/;

/** Whether a client can name an event so when it comes back. */
export const isEventId = (value: unknown): value is string => typeof value === 'string' && EVENT_ID.test(value);
