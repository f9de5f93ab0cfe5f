import { z } from 'zod';
import { Refusal } from './command-line.js';
import { useOurSentences } from './issue-sentences.js';

/** Environment variables that every service reads. */
export const hostConfig = z.object({
  VOUCHSAFE_ENVIRONMENT: z.enum(['production', 'testing', 'development']).default('development'),
  /** Address to listen on; services behind the gateway keep to the loopback or the pod's address. */
  VOUCHSAFE_HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535),
  VOUCHSAFE_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** JWKS file with every service's public key; `kid` is the service's name. */
  VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: z.string().min(1),
  /** PKCS#8 PEM file of this service's own Ed25519 key. */
  VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: z.string().min(1),
  /** Largest request body in bytes. */
  VOUCHSAFE_BODY_LIMIT: z.coerce.number().int().min(1024).max(64_000_000).default(1_048_576),
  /** Seconds in which the whole of a file must have arrived (operations whose body is a stream). */
  VOUCHSAFE_FILE_SECONDS: z.coerce.number().int().min(60).max(86_400).default(3600),
  /** File with milliseconds that this service's clock is off; taken in the testing environment alone. */
  VOUCHSAFE_CLOCK_OFFSET_FILE: z.string().optional(),
  /** Seconds that a stop may take: drain, finish, leave. */
  VOUCHSAFE_STOP_SECONDS: z.coerce.number().int().min(1).max(300).default(20),
});
export type HostConfig = z.infer<typeof hostConfig>;

/** Wrong configuration: names every wrong variable and what it should be, never its value (it may be a secret). */
export class ConfigError extends Refusal {
  override readonly name = 'ConfigError';
}

/** Reads the environment once. Throws a `ConfigError` that lists each wrong variable on a line of its own. */
export function readConfig<Schema extends z.ZodType>(
  schema: Schema,
  env: NodeJS.ProcessEnv,
): z.output<Schema> {
  useOurSentences();
  // An empty variable counts as unset: that is how Compose and Helm express "not given".
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const read = schema.safeParse(given);
  if (read.success) return read.data;
  const lines = read.error.issues.map((issue) => {
    const name = issue.path.join('.') || 'environment';
    return `  ${name}: ${issue.path[0] !== undefined && given[String(issue.path[0])] === undefined ? 'is not set' : issue.message}`;
  });
  throw new ConfigError(`Wrong configuration:\n${lines.join('\n')}`);
}
