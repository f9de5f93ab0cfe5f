import { innerServiceNames } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import { z } from 'zod';

/** `<requests>/<seconds>` */
const rate = z
  .string()
  .regex(/^[1-9][0-9]{0,6}\/[1-9][0-9]{0,4}$/, 'must be <requests>/<seconds>, as in 600/60')
  .transform((text) => {
    const [points = 0, duration = 0] = text.split('/').map(Number);
    return { points, duration };
  });

const milliseconds = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** Environment variables of the gateway, besides the host's and those of a service that keeps data. */
export const gatewayConfig = persistenceConfig.extend({
  /** Port of lanes, health and metrics; no public route leads to it. */
  VOUCHSAFE_INTERNAL_PORT: z.coerce.number().int().min(0).max(65_535),
  VOUCHSAFE_PUBLIC_URL: z.url({ protocol: /^https?$/ }),
  /** Where requests are passed on to; identity is asked who calls. */
  ...serviceUrls(innerServiceNames),
  /** Folder with `<service>.openapi.json` in place of the golden documents that ship with the services. */
  VOUCHSAFE_OPENAPI_FOLDER: z.string().optional(),
  /** File of the session cookie's keys; made where it is missing, but in production. */
  VOUCHSAFE_SESSION_KEY_FILE: z.string().min(1),
  /** Further origins whose pages may use the API with a cookie: comma-separated, `https://console.example.com`. */
  VOUCHSAFE_ALLOWED_ORIGINS: z
    .string()
    .default('')
    .transform((text) =>
      text
        .split(',')
        .map((origin) => origin.trim())
        .filter(Boolean),
    )
    .pipe(
      z.array(
        z
          .url({ protocol: /^https?$/ })
          .refine(
            (origin) => new URL(origin).origin === origin,
            'must be an origin, as in https://app.example.com',
          ),
      ),
    ),
  /** How many proxies stand before the gateway: `X-Forwarded-For` is read that many places from its right end. */
  VOUCHSAFE_TRUSTED_HOPS: z.coerce.number().int().min(0).max(10).default(0),
  /** In memory, per instance: with n instances behind a balancer a caller may get n times as much. */
  VOUCHSAFE_RATE_PER_ADDRESS: rate.default({ points: 6000, duration: 60 }),
  VOUCHSAFE_RATE_PER_ACCOUNT: rate.default({ points: 3000, duration: 60 }),
  VOUCHSAFE_RATE_PER_KEY: rate.default({ points: 6000, duration: 60 }),
  /** Changes that need no log-in (sign-up, log-in, reset), per address. */
  VOUCHSAFE_RATE_PUBLIC_CHANGES: rate.default({ points: 120, duration: 60 }),
  /** Milliseconds in which a body must have arrived. */
  VOUCHSAFE_BODY_TIMEOUT_MS: milliseconds(100, 60_000).default(10_000),
  /** Largest file in bytes, where a body is passed on as it arrives (`x-body: stream`); the service may take less. */
  VOUCHSAFE_FILE_LIMIT: z.coerce.number().int().min(1024).default(1_073_741_824),
  /** Files that may be on their way at the same time: of all callers, and of one. */
  VOUCHSAFE_UPLOADS_TOGETHER: z.coerce.number().int().min(1).max(10_000).default(64),
  VOUCHSAFE_UPLOADS_PER_CALLER: z.coerce.number().int().min(1).max(10_000).default(8),
  /** Milliseconds that a service may take until its answer begins. */
  VOUCHSAFE_UPSTREAM_TIMEOUT_MS: milliseconds(100, 300_000).default(30_000),
  /** Milliseconds that a request waits for its access-log entry before it is answered 503. */
  VOUCHSAFE_ACCESS_LOG_PATIENCE_MS: milliseconds(100, 60_000).default(3000),
  /** Milliseconds after which a silent instance counts as dead and others close its open entries. */
  VOUCHSAFE_INSTANCE_LEASE_MS: milliseconds(400, 300_000).default(15_000),
});
export type GatewayConfig = z.output<typeof gatewayConfig>;
