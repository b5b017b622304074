import { htmlPage } from '@inevitable/kit';

/**
 * Where a link in a mail leads. It is the same for everybody: what the link carries stands behind its `#`, which no
 * request has, and is sent with `POST` to the same path when a button is pressed.
 */
export const serveLinkPage = htmlPage(new URL('./link-page.html', import.meta.url));
