export const EVERY_PART = 'every part';

/** Commands that work on identity's database. */
export const OPERATORS = '`keys`, `audit`, `tenant`, `user`, `mails`, `token`, `<product> <command>`';
