import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, problem } from '@vouchsafe/service-host';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { GatewayConfig } from '../gateway.config.js';

type Kind = 'address' | 'account' | 'key' | 'publicChange';
type Rates = Pick<
  GatewayConfig,
  | 'VOUCHSAFE_RATE_PER_ADDRESS'
  | 'VOUCHSAFE_RATE_PER_ACCOUNT'
  | 'VOUCHSAFE_RATE_PER_KEY'
  | 'VOUCHSAFE_RATE_PUBLIC_CHANGES'
>;

/** Bounds what one address, one account and one key may ask (ASVS 2.4.1). In this process's memory: per instance. */
@Injectable()
export class RateLimits {
  private readonly limiters: Readonly<Record<Kind, RateLimiterMemory>>;

  constructor(@Inject(CONFIG) rates: Rates) {
    this.limiters = {
      address: new RateLimiterMemory({ keyPrefix: 'a', ...rates.VOUCHSAFE_RATE_PER_ADDRESS }),
      account: new RateLimiterMemory({ keyPrefix: 'u', ...rates.VOUCHSAFE_RATE_PER_ACCOUNT }),
      key: new RateLimiterMemory({ keyPrefix: 'k', ...rates.VOUCHSAFE_RATE_PER_KEY }),
      publicChange: new RateLimiterMemory({ keyPrefix: 'p', ...rates.VOUCHSAFE_RATE_PUBLIC_CHANGES }),
    };
  }

  /** @throws ProblemError `too-many-requests` with `Retry-After` */
  async take(kind: Kind, who: string): Promise<void> {
    try {
      await this.limiters[kind].consume(who);
    } catch (error) {
      if (!(error instanceof RateLimiterRes)) throw error;
      const seconds = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
      throw problem('too-many-requests', { headers: { 'retry-after': String(seconds) } });
    }
  }
}
