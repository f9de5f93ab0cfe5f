import { Injectable } from '@nestjs/common';
import { Metrics } from '@vouchsafe/service-host';
import { Counter, Gauge } from 'prom-client';
import { AccessLog } from '../access-log/access-log.js';

/** Why an answer left without an entry, or an entry could not be written. */
const reasons = ['unavailable', 'outcome-unknown', 'stream-end', 'abandoned'] as const;

/** Counts what could not be recorded, and shows how many entries are still waiting. */
@Injectable()
export class Unrecorded {
  private readonly counter: Counter<'what'>;

  constructor({ registry }: Metrics, accessLog: AccessLog) {
    this.counter = new Counter({
      name: 'gateway_unrecorded_total',
      help: 'Requests answered with 503, and outcomes not recorded, because the access log could not be written',
      labelNames: ['what'],
      registers: [registry],
    });
    for (const what of reasons) this.counter.inc({ what }, 0);
    new Gauge({
      name: 'gateway_access_log_waiting',
      help: 'Access-log entries that are not durable yet',
      registers: [registry],
      collect() {
        this.set(accessLog.waiting);
      },
    });
  }

  count(what: (typeof reasons)[number]): void {
    this.counter.inc({ what });
  }
}
