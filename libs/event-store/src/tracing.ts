import { context, propagation, type Span, SpanKind, trace } from '@opentelemetry/api';
import type { DepartingMessage } from './transit.js';

/**
 * Sends within one span a message, each a child of the request that caused its event: so one trace reaches from the
 * gateway to the last consumer. Without a tracer the messages go on with the trace context that they came with.
 */
export async function sendTraced(
  messages: readonly DepartingMessage[],
  send: (messages: readonly DepartingMessage[]) => Promise<void>,
): Promise<void> {
  const tracer = trace.getTracer('@vouchsafe/event-store');
  const spans: Span[] = [];
  const traced = messages.map((message) => {
    if (message.traceparent === undefined) return message;
    const parent = propagation.extract(context.active(), { traceparent: message.traceparent });
    const name = `publish ${message.publication.contract.type}`;
    const span = tracer.startSpan(
      name,
      { kind: SpanKind.PRODUCER, attributes: { 'messaging.message.id': message.id } },
      parent,
    );
    if (!span.isRecording()) return message;
    spans.push(span);
    const carrier: { traceparent?: string } = {};
    propagation.inject(trace.setSpan(parent, span), carrier);
    return { ...message, traceparent: carrier.traceparent ?? message.traceparent };
  });
  try {
    await send(traced);
  } finally {
    for (const span of spans) span.end();
  }
}
