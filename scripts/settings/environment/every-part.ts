import { z } from 'zod';
import { EVERY_PART, OPERATORS } from './readers.js';
import { setting, type SettingGroup } from './setting.js';
import { deploymentContext } from './values.js';

const port = z.coerce.number().int().min(0).max(65_535);

const placeOfLines = z.string().transform((text) => (/^\d{1,4}$/.test(text) ? Number(text) : text));

/** A balancer that asks every second or two, and believes the second or third failure, has noticed by then. */
export const STOP_DELAY_SECONDS = 5;

export const everyPart = {
  title: 'Every part',
  settings: {
    HOST: setting(z.string().min(1).default('127.0.0.1'), {
      readBy: 'whatever listens',
      meaning: 'the address to listen on',
      example: '0.0.0.0',
    }),
    PORT: setting(port.optional(), {
      unset: "the part's own ([ports](deploying.md#separate-processes))",
      readBy: 'whatever listens',
      meaning: 'the port to listen on; 0 to 65535. A worker serves its health only where `PORT` is set',
      example: '9090',
    }),
    METRICS_PORT: setting(port.optional(), {
      readBy: 'every part but `stack dev`',
      meaning:
        'where `GET /metrics` answers Prometheus, on `HOST`; several parts on one machine need one each ([metrics](#metrics))',
      example: '9464',
    }),
    DATA_DIR: setting(z.string().min(1).default('.data'), {
      readBy: `${EVERY_PART}, \`migrate\`, ${OPERATORS}`,
      meaning:
        'secrets, service credentials, the embedded database and, unless told otherwise, files; a relative path starts at the root of the clone ([what is in it](deploying.md#the-data-directory))',
      example: '/var/lib/stack',
    }),
    NODE_ENV: setting(z.enum(['development', 'test', 'production']).default('development'), {
      readBy: EVERY_PART,
      meaning:
        '`development`, `test` or `production`. `production` means no demo, and changes the default of `DEPLOYMENT_CONTEXT`',
      example: 'production',
    }),
    DEPLOYMENT_CONTEXT: setting(deploymentContext.optional(), {
      unset: '`internal`; `customer` where `NODE_ENV` is `production`',
      readBy: EVERY_PART,
      meaning:
        '`internal` or `customer` ([contexts](deploying.md#deployment-contexts)). `customer`: no demo users, no start where an earlier one left some, and a `STACK_SECRET` that cannot be guessed must be set. `STACK_DEMO_PASSWORD` must not be set there',
      example: 'customer',
    }),
    LOG_LEVEL: setting(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'), {
      readBy: `${EVERY_PART}, \`token\``,
      meaning:
        '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`; the log is JSON on standard error ([logs](#logs))',
      example: 'info',
    }),
    SECURITY_LOG: setting(placeOfLines.optional(), {
      unset: 'they are lines of the log',
      readBy: `${EVERY_PART} but the worker, ${OPERATORS}`,
      meaning:
        'where [security events](#security-events) are written in place of the log, all of them whatever `LOG_LEVEL` is: a file, to whose end they are added, or the number of a descriptor that the process was started with. With a file, `SIGHUP` stops nothing, and begins a new file of the name',
      example: '/var/log/stack/security.log',
    }),
    STOP_DELAY_SECONDS: setting(z.coerce.number().min(0).max(15).optional(), {
      unset: `\`${STOP_DELAY_SECONDS}\`; \`0\` in development`,
      readBy: 'gateway, subgraphs, identity, operations, one process',
      meaning:
        'how long a part that was told to stop still takes requests while `/ready` says 503, so that a balancer has noticed when it no longer does: its interval times its failures, and a second; 0 to 15 ([stopping](#stopping))',
      example: '10',
    }),
    SUPERGRAPH_CONFIG: setting(z.string().min(1).default('supergraph.yaml'), {
      readBy: `${EVERY_PART}, \`compose\`, \`migrate\`, ${OPERATORS}`,
      meaning: 'the supergraph configuration; a relative path starts at the root of the clone',
      example: 'prod.yaml',
    }),
  },
  note: 'Demo users exist where `NODE_ENV` is not `production` and `DEPLOYMENT_CONTEXT` is `internal`.',
} satisfies SettingGroup;
