import { z } from 'zod';
import { settingReadBy, type SettingGroup } from './setting.js';
import { headerText, httpUrl, plainText, urlWithoutLogin } from './values.js';

const filesSetting = settingReadBy(
  'subgraphs, worker, identity, operations, one process, `<product> <command>`, `tenant export` and `left`',
);

const s3Bucket = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/,
    'a bucket is named in 2 to 255 letters, digits, ".", "_" and "-", and begins with a letter or a digit',
  );
/** As S3's library judges it: part of a host name (RFC 1123, section 2.1). */
const s3Region = z
  .string()
  .regex(
    /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/,
    'a region is named in 1 to 63 letters, digits and "-", and neither begins nor ends with "-"',
  );

export const DEFAULT_S3_REGION = 'us-east-1';

export const files = {
  title: 'Files',
  settings: {
    FILES_DIR: filesSetting(z.string().min(1).optional(), {
      unset: '`<DATA_DIR>/files`',
      meaning:
        'the directory of files; a relative path starts at the root of the clone. Not together with `S3_ENDPOINT`',
      example: '/mnt/shared/stack',
    }),
    S3_ENDPOINT: filesSetting(urlWithoutLogin(httpUrl, 'S3_ACCESS_KEY_ID').optional(), {
      unset: 'files are in a directory',
      meaning: 'the server, `http://` or `https://`, without a login; the bucket is part of the path',
      example: 'https://s3.example.com',
    }),
    S3_BUCKET: filesSetting(s3Bucket.optional(), {
      meaning: 'the bucket; it must exist',
      example: 'stack-files',
    }),
    S3_REGION: filesSetting(s3Region.optional(), {
      unset: `\`${DEFAULT_S3_REGION}\``,
      meaning: 'the region of the bucket',
      example: 'eu-central-1',
    }),
    S3_ACCESS_KEY_ID: filesSetting(headerText.optional(), {
      meaning: 'who may read, write, delete and list there',
      example: '<an access key>',
    }),
    S3_SECRET_ACCESS_KEY: filesSetting(plainText.optional(), {
      meaning: 'the secret of that access key',
      example: '<its secret key>',
    }),
  },
  note: '`S3_ENDPOINT`, `S3_BUCKET`, `S3_ACCESS_KEY_ID` and `S3_SECRET_ACCESS_KEY` belong together: some of them without the others stop the start. A line break in any of them stops the start, too. Set while the server is down or refuses, no part that needs files starts. The same for every part.',
} satisfies SettingGroup;
