/** @promise P05 figures, to understand performance; they hold nobody's id */
import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Histogram, Registry } from 'prom-client';

/** The instance's metrics. Add with `new Counter({ ..., registers: [metrics.registry] })`. */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly requests = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'Requests by method, route and status',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });

  private readonly cardNumbers = new Counter({
    name: 'card_number_refusals_total',
    help: 'Requests refused because they hold what looks like the number of a payment card',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** @param route the pattern, never the URL: it would make a series for each id */
  requestHandled(method: string, route: string, status: number, seconds: number): void {
    this.requests.observe({ method, route, status }, seconds);
  }

  /** By this process: a request that the gateway passes on is counted where it is refused. */
  cardNumberRefused(): void {
    this.cardNumbers.inc();
  }
}
