import { z } from 'zod';
import { OPERATORS } from './readers.js';
import { setting, type SettingGroup } from './setting.js';
import { headerText, httpUrl } from './values.js';

export const identityAndSecrets = {
  title: 'Identity and secrets',
  settings: {
    STACK_SECRET: setting(z.string().min(32, 'needs at least 32 characters').optional(), {
      unset: 'generated at the first start, kept in `<DATA_DIR>/secret`',
      readBy: `identity, one process, ${OPERATORS}`,
      meaning:
        'encrypts signing keys, second factors and mails in the database; at least 32 characters, the same at every start',
      example: '<32 random characters>',
    }),
    STACK_DEMO_PASSWORD: setting(z.string().min(8, 'needs at least 8 characters').max(1_000).optional(), {
      unset: 'generated at the first start, printed once, kept in `<DATA_DIR>/demo-password`',
      readBy: 'identity, one process',
      meaning: "the demo users' password; 8 to 1000 characters; set at every start where it is given",
      example: '<a password>',
    }),
    STACK_TOKEN: setting(headerText.optional(), {
      readBy: '`status`; `publish`, `history`, `diff`, `rollback`, `check` with `--registry`',
      meaning: 'an access token of a platform administrator of that stack, as `stack token` prints it',
      example: '$(stack token --user root)',
    }),
    PUBLIC_URL: setting(httpUrl.optional(), {
      unset: 'one process: `http://<HOST>:<PORT>`; identity, `token`: `http://127.0.0.1:8080`',
      readBy: 'identity, operations, one process, `token`',
      meaning:
        "where clients reach the stack. The value of the first start is stored as the issuer of every token and stays, so that a changed port ends no session. operations asks the gateway's health there",
      example: 'https://graph.example.com',
    }),
  },
} satisfies SettingGroup;
