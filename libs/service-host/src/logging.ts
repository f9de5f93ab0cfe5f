/**
 * @promise P05 log lines, to diagnose and fix; they show no personal value
 * @promise P22 log lines show the values of an allow list of fields alone
 */
import type { LoggerService } from '@nestjs/common';
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { withoutCardNumbers } from './card-number/find-card-number.js';
import { errorWords } from './error-words.js';
import { requestContext, traceIdOf } from './request-context.js';

/**
 * The only fields that reach a log line with their values; any other is printed as `[redacted]` (ASVS 16.2.5, P22). An allow
 * list: a new field is hidden until it is named here.
 */
const ALLOWED = new Set([
  'service',
  'instanceId',
  'context',
  'requestId',
  'traceId',
  'operation',
  'method',
  'route',
  'status',
  'code',
  'durationMs',
  'err',
  'count',
  'port',
  'host',
  'signal',
  'lane',
  'number',
  'position',
  'topic',
  'projection',
  'lagSeconds',
  'attempt',
  'retryInMs',
  'version',
  'environment',
  'url',
  'check',
  'eventType',
  'organizationId',
  'returnId',
  'erasureId',
  // A word of ours that says why; an object's id at Stripe.
  'because',
  'object',
]);

export type ServiceLogger = Logger;

/** JSON lines on standard output, each with service, request id and trace id. */
export function serviceLogger(
  service: string,
  level: string,
  destination?: DestinationStream,
): ServiceLogger {
  const output = destination ?? patientOutput((count) => logger.warn({ count }, DROPPED));
  const logger = pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: errorForLog },
      formatters: { level: (label) => ({ level: label }), log: allowedFields },
      mixin: () => {
        const request = requestContext();
        return request ? { requestId: request.requestId, traceId: traceIdOf(request.traceparent) } : {};
      },
    },
    output,
  );
  return logger;
}

const DROPPED = 'Log lines were dropped because they could not be written';
const KEPT_BYTES = 1_048_576;

/**
 * Where lines go that a full disk or a slow reader must not end the service for: they are kept, up to a megabyte, and tried again
 * with the next one.
 * @param whenDropped called with the number of dropped lines, as soon as lines can be written again
 */
export function patientOutput(
  whenDropped: (count: number) => void,
  dest = 1,
): ReturnType<typeof pino.destination> {
  const output = pino.destination({ dest, sync: false, minLength: 0, maxLength: KEPT_BYTES });
  let dropped = 0;
  // Without a listener an error would end the process.
  output.on('error', () => undefined);
  output.on('drop', () => (dropped += 1));
  output.on('drain', () => {
    if (dropped === 0) return;
    const count = dropped;
    dropped = 0;
    whenDropped(count);
  });
  return output;
}

function allowedFields(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, ALLOWED.has(name) ? value : '[redacted]']),
  );
}

/** An error's type, code, message and frames, those of its causes too; never the other properties that libraries hang on it (queries, bodies). */
function errorForLog(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { type } = stdSerializers.err(error);
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const { message, stack } = errorWords(error);
  return { type, ...code, message: masked(message), stack: masked(stack) };
}

/** Hides what looks like an address, a token, a key, a cookie or a card number in free text. */
export function masked(text: string): string {
  return withoutCardNumbers(text.slice(0, 4000))
    .replace(/[^\s"'<>@=/]+@[^\s"'<>@/]+\.[a-z]{2,}/gi, '[email]')
    .replace(/\b(?:\d{1,3}\.){3}\d{1,3}\b(?!:\d)/g, '[address]')
    .replace(/\b(Bearer|Basic)\s+\S+/gi, '$1 [redacted]')
    .replace(/:\/\/[^\s/@:]+:[^\s/@]+@/g, '://[redacted]@')
    .replace(/[A-Za-z0-9_-]{40,}/g, '[redacted]');
}

/** Nest's own messages through the same logger. */
export function nestLogger(logger: ServiceLogger): LoggerService {
  const write =
    (level: 'info' | 'error' | 'warn' | 'debug' | 'trace' | 'fatal') =>
    (message: unknown, ...rest: unknown[]) => {
      const context = typeof rest.at(-1) === 'string' ? { context: rest.at(-1) } : {};
      if (message instanceof Error) logger[level]({ ...context, err: message }, 'Error');
      else logger[level](context, masked(typeof message === 'string' ? message : JSON.stringify(message)));
    };
  return {
    log: write('debug'),
    error: write('error'),
    warn: write('warn'),
    debug: write('trace'),
    verbose: write('trace'),
    fatal: write('fatal'),
  };
}
