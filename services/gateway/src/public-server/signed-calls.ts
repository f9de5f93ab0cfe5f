import { Injectable } from '@nestjs/common';
import { Metrics, problem, type ProblemError } from '@vouchsafe/service-host';
import { Counter } from 'prom-client';

/** Longer than any signature header with a few secrets in rotation. */
const LONGEST = 1_000;

/** What other systems send us, signed: a look at the header's form costs nothing, and the service that knows the secret checks the rest. */
@Injectable()
export class SignedCalls {
  private readonly counter: Counter;

  constructor({ registry }: Metrics) {
    this.counter = new Counter({
      name: 'gateway_unsigned_calls_total',
      help: 'Calls refused because they lack the signature that the operation asks for',
      registers: [registry],
    });
  }

  /** Whether it has a time and a signature of 32 bytes, as Stripe writes them: `t=1764396000,v1=<hex>`. */
  isPlausible(header: string | string[] | undefined): boolean {
    if (typeof header !== 'string' || header.length > LONGEST) return false;
    return /^t=[0-9]{1,12},/.test(header) && /,v1=[0-9a-f]{64}(?:,|$)/.test(header);
  }

  refused(header: string): ProblemError {
    this.counter.inc();
    return problem('malformed-request', { detail: `The header ${header} is missing or has another form` });
  }
}
