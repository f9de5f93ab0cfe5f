/**
 * Loaded before everything else: `node --import @vouchsafe/service-host/telemetry main.js`. Off unless the standard variables
 * ask for it (OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER; OTEL_SERVICE_NAME names the service).
 * @promise P18 traces say nothing of who asked
 */
import { register } from 'node:module';
import { withoutErrorWords } from './failed-span.js';
import { maskedPath } from './masked-path.js';

const { OTEL_SDK_DISABLED, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_TRACES_EXPORTER } = process.env;
const wanted = Boolean(OTEL_EXPORTER_OTLP_ENDPOINT ?? OTEL_TRACES_EXPORTER) && OTEL_SDK_DISABLED !== 'true';

if (wanted) {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- OpenTelemetry's hook is an asynchronous one, which registerHooks() does not take
  register('@opentelemetry/instrumentation/hook.mjs', import.meta.url);
  const [{ NodeSDK }, { HttpInstrumentation }, { PgInstrumentation }, { UndiciInstrumentation }] =
    await Promise.all([
      import('@opentelemetry/sdk-node'),
      import('@opentelemetry/instrumentation-http'),
      import('@opentelemetry/instrumentation-pg'),
      import('@opentelemetry/instrumentation-undici'),
    ]);
  const sdk = new NodeSDK({
    instrumentations: [
      new HttpInstrumentation({
        ignoreIncomingRequestHook: ({ url }) => url?.startsWith('/health/') === true || url === '/metrics',
        // Who asked stands in the access log alone (P18), and a query may hold secret values (P22): of both, nothing.
        startIncomingSpanHook: ({ url }) => ({
          'url.path': maskedPath(url?.split('?', 1)[0] ?? ''),
          'url.query': '',
          'client.address': '',
          'network.peer.address': '',
          'user_agent.original': '',
        }),
      }),
      // What the gateway passes on, and questions between services.
      new UndiciInstrumentation({
        requireParentforSpans: true,
        startSpanHook: ({ origin, path }) => {
          const masked = maskedPath(path.split('?', 1)[0] ?? '');
          return {
            'url.full': `${origin}${masked}`,
            'url.path': masked,
            'url.query': '',
            'user_agent.original': '',
          };
        },
      }),
      // No span without a request around it, and no values (they hold personal data), neither as parameters nor in an error's words.
      new PgInstrumentation({
        requireParentSpan: true,
        enhancedDatabaseReporting: false,
        requestHook: withoutErrorWords,
      }),
    ],
  });
  sdk.start();
  process.once('beforeExit', () => void sdk.shutdown());
}
