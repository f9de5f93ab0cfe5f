/** @promise P18 a span that failed does not repeat what Postgres said */
import { expect, it } from '@jest/globals';
import { SpanStatusCode, trace } from '@opentelemetry/api';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { withoutErrorWords } from './failed-span.js';

type Exporter = NonNullable<NonNullable<ConstructorParameters<typeof NodeSDK>[0]>['traceExporter']>;

it('a span that failed says so, and not in the words of the error', async () => {
  const exported: Parameters<Exporter['export']>[0] = [];
  const traceExporter: Exporter = {
    export: (spans, done: (result: { readonly code: number }) => void) => {
      exported.push(...spans);
      // `ExportResultCode.SUCCESS`, of a package that is not ours.
      done({ code: 0 });
    },
    shutdown: () => Promise.resolve(),
  };
  const sdk = new NodeSDK({ traceExporter, instrumentations: [] });
  sdk.start();
  const span = trace.getTracer('spec').startSpan('pg.query:SELECT');
  withoutErrorWords(span);
  // As the instrumentation of pg ends a query that was refused.
  const error = new Error('invalid input syntax for type uuid: "Lovelace"');
  span.recordException(error);
  span.setStatus({ code: SpanStatusCode.ERROR, message: error.message });
  span.end();
  await sdk.shutdown();
  expect(exported.map(({ name, status, events }) => ({ name, status, events }))).toEqual([
    { name: 'pg.query:SELECT', status: { code: SpanStatusCode.ERROR }, events: [] },
  ]);
});
