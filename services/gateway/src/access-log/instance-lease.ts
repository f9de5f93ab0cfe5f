import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { follow, type Follower } from '@vouchsafe/event-store';
import { CONFIG, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import type { GatewayConfig } from '../gateway.config.js';
import { AccessLog, Instance } from './access-log.js';

/**
 * The lease of this instance: it shows the others that the instance is alive. It uses only the database's clock, which all instances
 * share; a lease is a matter of machines, not of the domain (docs/event-store.md, 'Clocks').
 */
@Injectable()
export class InstanceLease {
  private renewal: Follower | undefined;

  constructor(
    private readonly database: Database,
    private readonly instance: Instance,
    private readonly accessLog: AccessLog,
    @Inject(CONFIG) private readonly config: Pick<GatewayConfig, 'VOUCHSAFE_INSTANCE_LEASE_MS'>,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {}

  /** Takes the lease, and renews it after each quarter of its duration. */
  async start(): Promise<void> {
    await this.renew();
    const pace = this.config.VOUCHSAFE_INSTANCE_LEASE_MS / 4;
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'The lease of this instance could not be renewed');
    this.renewal = follow(() => this.renew().then(() => 0), { idle: pace, retry: pace, onError });
  }

  /** Gives the lease back: nothing of this instance is open any more. */
  async stop(): Promise<void> {
    await this.renewal?.stop();
    await this.database.asWorker((sql) =>
      sql.query('delete from gateway_instance where id = $1', [this.instance.id]),
    );
  }

  /** Renews the lease; where another instance's lease has ended, has the entries closed that it left open. */
  private async renew(): Promise<void> {
    const dead = await this.database.asWorker(async (sql) => {
      await sql.query(
        `insert into gateway_instance (id, lease_until, started_at)
         values ($1, clock_timestamp() + make_interval(secs => $2), clock_timestamp())
         on conflict (id) do update set lease_until = excluded.lease_until`,
        [this.instance.id, this.config.VOUCHSAFE_INSTANCE_LEASE_MS / 1000],
      );
      return sql.query('select from gateway_instance where lease_until < clock_timestamp() limit 1');
    });
    if (dead.length > 0) this.accessLog.closeTheDead();
  }
}
