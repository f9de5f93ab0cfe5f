/** @promise P31 what goes of an organization's log, and what stays: hash tiles, the last checkpoint and the key that verifies it */
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  Clock,
  type Destroying,
  type OrganizationRemoval,
  rowsOfOrganization,
} from '@vouchsafe/service-host';
import { CheckpointSigner } from '../log/checkpoint-signer.js';
import { BATCH, removeEntries } from '../retention/remove-entries.js';

/**
 * Ends the log first: what waits for its head's lock finds none that is open, and none is opened (heads.ts). Then a last checkpoint covers
 * everything, and the content, the earlier checkpoints and the private key go.
 */
@Injectable()
export class RemoveLog {
  constructor(
    private readonly database: Database,
    private readonly signer: CheckpointSigner,
    private readonly clock: Clock,
  ) {}

  get entries(): OrganizationRemoval {
    const { database } = this;
    const all = rowsOfOrganization(database, ['submission', 'disclosure', 'entry', 'entry_bundle']);
    const times = rowsOfOrganization(database, ['entry_bundle']);
    return {
      count: (organizationId) => all.count(organizationId),
      remove: async (organizationId, destroy) => {
        await this.close(organizationId, destroy);
        let goneUntil: string | null = null;
        do goneUntil = await removeBatch(destroy, organizationId, goneUntil);
        while (goneUntil !== null);
        await times.remove(organizationId, destroy);
      },
    };
  }

  /** All but the last of each log. */
  get checkpoints(): OrganizationRemoval {
    const earlier = `from checkpoint c where organization_id = $1
      and size < (select max(size) from checkpoint as newest where newest.log_id = c.log_id)`;
    return {
      count: (organizationId) => this.count(`select count(*) as found ${earlier}`, organizationId),
      remove: async (organizationId, destroy) => {
        await destroy((sql) => sql.query(`delete ${earlier}`, [organizationId]));
      },
    };
  }

  /** The private halves. */
  get signingKeys(): OrganizationRemoval {
    const seeds = 'signing_key where organization_id = $1 and log_id is not null and sealed_seed is not null';
    return {
      count: (organizationId) => this.count(`select count(*) as found from ${seeds}`, organizationId),
      remove: async (organizationId, destroy) => {
        const unsigned = await this.count(
          'select count(*) as found from log where organization_id = $1 and (closed_at is null or checkpoint_size < size)',
          organizationId,
        );
        if (unsigned > 0) throw new Error('The last checkpoint of a log that is erased is not signed yet');
        await destroy((sql) =>
          sql.query(`update signing_key set sealed_seed = null where vkey in (select vkey from ${seeds})`, [
            organizationId,
          ]),
        );
      },
    };
  }

  private async close(organizationId: string, destroy: Destroying): Promise<void> {
    const at = this.clock.now();
    const closed = 'update log set closed_at = $2 where organization_id = $1 and closed_at is null';
    await destroy((sql) => sql.query(closed, [organizationId, at]));
    const unsigned = await this.database.asRetention((sql) =>
      sql.query<{ log_id: string }>(
        'select log_id from log where organization_id = $1 and checkpoint_size < size',
        [organizationId],
      ),
    );
    for (const { log_id: logId } of unsigned) await this.signer.sign(logId);
  }

  private async count(statement: string, organizationId: string): Promise<number> {
    const [row] = await this.database.asRetention((sql) =>
      sql.query<{ found: string }>(statement, [organizationId]),
    );
    return Number(row?.found);
  }
}

function removeBatch(
  destroy: Destroying,
  organizationId: string,
  goneUntil: string | null,
): Promise<string | null> {
  return destroy(async (sql) => {
    const removed = await removeEntries(sql, { organizationId, goneUntil, before: 'infinity', limit: BATCH });
    return removed.goneUntil;
  });
}
