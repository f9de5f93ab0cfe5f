import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import {
  type Context,
  context,
  propagation,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';

/** What every log line of a request carries. */
export interface RequestContext {
  requestId: string;
  /** W3C trace context: of the active span, else as received, else made here. */
  readonly traceparent: string;
  operation?: string;
}

const storage = new AsyncLocalStorage<RequestContext>();

export function requestContext(): RequestContext | undefined {
  return storage.getStore();
}

export function runInRequestContext<T>(value: RequestContext, work: () => T): T {
  return storage.run(value, work);
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace context to carry on: a request stays one trace even where no tracing is set up. */
export function traceparentOf(received: string | undefined): string {
  if (trace.getActiveSpan()) {
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    if (carrier.traceparent) return carrier.traceparent;
  }
  if (received && TRACEPARENT.test(received)) return received;
  return newTraceparent();
}

/** A new trace, not recorded by anybody unless somebody decides to. */
export function newTraceparent(): string {
  return `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`;
}

/**
 * The header by which an outgoing request carries the trace on. None inside a span: undici's instrumentation adds the request's
 * own there, and a receiver of two starts a new trace (W3C Trace Context, section 3.2.1).
 */
export function outgoingTrace(traceparent: string): { readonly traceparent?: string } {
  return trace.getActiveSpan() ? {} : { traceparent };
}

export function traceIdOf(traceparent: string): string {
  return traceparent.slice(3, 35);
}

/**
 * For a process that outsiders call: what they send as a trace context is not read, so that nobody chooses the trace id that an entry of the
 * audit log names, nor whether a request is sampled. Requests to other services carry the trace on (W3C Trace Context, section 3.2).
 */
export function ignoreIncomingTraces(): void {
  propagation.disable();
  propagation.setGlobalPropagator(outgoingOnly);
}

const outgoingOnly: TextMapPropagator = {
  extract: (active: Context) => active,
  inject: (active: Context, carrier: unknown, setter: TextMapSetter) => {
    const span = trace.getSpanContext(active);
    if (!span) return;
    const flags = span.traceFlags.toString(16).padStart(2, '0');
    setter.set(carrier, 'traceparent', `00-${span.traceId}-${span.spanId}-${flags}`);
  },
  fields: () => ['traceparent'],
};
