import { htmlPage } from '@inevitable/kit';

/** The page `/admin/jobs`. It is the same for everybody: data comes by GraphQL, for whom it is. */
export const serveJobsPage = htmlPage(new URL('./jobs-page.html', import.meta.url));
