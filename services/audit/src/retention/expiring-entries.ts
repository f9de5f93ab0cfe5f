/** @promise P04 counts what a run would remove */
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { CONFIG, type Expiring } from '@vouchsafe/service-host';
import type { AuditConfig } from '../audit.config.js';
import { recordedBefore } from './retention-period.js';
import { countExpired } from './retention-run.js';

@Injectable()
export class ExpiringEntries implements Expiring {
  readonly policy = 'audit-log';

  constructor(
    private readonly database: Database,
    @Inject(CONFIG) private readonly config: Pick<AuditConfig, 'VOUCHSAFE_AUDIT_RETENTION_MONTHS'>,
  ) {}

  count(organizationId: string, { at, months }: Parameters<Expiring['count']>[1]): Promise<number> {
    return this.database.asWorker(async (sql) => {
      const [own] = await sql.query<{ months: number | null }>(
        'select min(months) as months from retention where organization_id = $1',
        [organizationId],
      );
      const period = own?.months ?? this.config.VOUCHSAFE_AUDIT_RETENTION_MONTHS;
      return countExpired(sql, organizationId, recordedBefore(at, Math.min(period, months ?? period)));
    });
  }
}
