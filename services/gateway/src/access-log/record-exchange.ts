import { Inject, Injectable } from '@nestjs/common';
import { Clock, CONFIG } from '@vouchsafe/service-host';
import type { GatewayConfig } from '../gateway.config.js';
import { AccessLog, Instance } from './access-log.js';
import { type Conclusion, entryOf, type Exchange } from './exchange.js';

/** Makes what is known of an exchange durable, as an entry of the log that it belongs to. */
@Injectable()
export class RecordExchange {
  constructor(
    private readonly accessLog: AccessLog,
    private readonly instance: Instance,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'VOUCHSAFE_OPERATOR_ORGANIZATION_ID'>,
  ) {}

  /** Before the request is passed on. @throws NotRecordedError: then nothing may be executed */
  async recordReceived(exchange: Exchange, part: 'whole' | 'stream-opened'): Promise<void> {
    await this.accessLog.received(
      this.entryOf(exchange, { status: null, outcome: 'unknown', part, bytes: null }),
    );
  }

  /** Before the answer leaves. @throws NotRecordedError, or Error where the entry is closed already */
  async recordOutcome(
    exchange: Exchange,
    conclusion: Conclusion,
    openEntry: 'none' | 'ends' | 'stays' = exchange.openEntry,
  ): Promise<void> {
    const recorded = await this.accessLog.outcome(this.entryOf(exchange, conclusion), openEntry);
    if (recorded === 'closed')
      throw new Error('Another instance has closed the entry because the lease of this one had expired');
  }

  private entryOf(exchange: Exchange, conclusion: Conclusion) {
    return entryOf(exchange, conclusion, {
      instanceId: this.instance.id,
      operatorOrganizationId: this.config.VOUCHSAFE_OPERATOR_ORGANIZATION_ID,
      at: this.clock.now(),
    });
  }
}
