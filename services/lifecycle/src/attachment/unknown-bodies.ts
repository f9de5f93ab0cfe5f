/** @promise P28, P31 a body that no attachment has goes after a month, unless a legal hold keeps it */
import { Inject, Injectable } from '@nestjs/common';
import { retentionPolicies } from '@vouchsafe/contracts';
import { Database } from '@vouchsafe/database';
import { askingHolds, HeldError, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { type BodyId, BodyStore } from './body-store.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** For so long the right database may be restored, where the service was started on an older one, or on another. */
const GRACE_MS = retentionPolicies['unknown-bodies'].period.days * DAY_MS;
const AT_ONCE = 500;
/** Every row that has a body: parts of returns are bodies, too. */
const KNOWN = 'select attachment_id as id from attachment union all select part_id from return_part';

/** Once a day, one instance looks for bodies that no row knows: a backup of the database was restored that is older. */
@Injectable()
export class UnknownBodies {
  constructor(
    private readonly database: Database,
    private readonly bodies: BodyStore,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'warn'>,
  ) {}

  async searchIfDue(at: Date): Promise<void> {
    // One whose process died is due again in an hour.
    if (!(await this.moveDue('due_at <= $1', at, HOUR_MS))) return;
    await this.note(at);
    await this.removeDue(at);
    await this.moveDue('true', at, DAY_MS);
  }

  private async moveDue(condition: 'due_at <= $1' | 'true', at: Date, by: number): Promise<boolean> {
    const moved = await this.database.asWorker((sql) =>
      sql.query(
        `update body_search set due_at = $1::timestamptz + make_interval(secs => $2) where ${condition} returning 1`,
        [at, by / 1000],
      ),
    );
    return moved.length > 0;
  }

  /**
   * A row is committed before its body is begun, and deleted after it was removed. So a body that is listed first, and then found in no row,
   * belongs to none.
   */
  private async note(at: Date): Promise<void> {
    let listed: BodyId[] = [];
    for await (const id of this.bodies.list()) {
      listed.push(id);
      if (listed.length < AT_ONCE) continue;
      await this.noteUnknown(listed, at);
      listed = [];
    }
    await this.noteUnknown(listed, at);
  }

  private async noteUnknown(listed: readonly BodyId[], at: Date): Promise<void> {
    await this.database.asWorker((sql) =>
      sql.query(
        `insert into unknown_body (organization_id, attachment_id, seen_at)
         select organization_id, attachment_id, $3
         from unnest($1::uuid[], $2::uuid[]) as listed (organization_id, attachment_id)
         where not exists (select from (${KNOWN}) as known where known.id = listed.attachment_id)
         on conflict do nothing`,
        [
          listed.map(({ organizationId }) => organizationId),
          listed.map(({ attachmentId }) => attachmentId),
          at,
        ],
      ),
    );
  }

  private async removeDue(at: Date): Promise<void> {
    const due = await this.database.asWorker(async (sql) => {
      await sql.query(
        `delete from unknown_body using (${KNOWN}) as known where known.id = unknown_body.attachment_id`,
      );
      return sql.query<{ organization_id: string; ids: string[] }>(
        'select organization_id, array_agg(attachment_id) as ids from unknown_body where seen_at <= $1 group by 1',
        [new Date(at.getTime() - GRACE_MS)],
      );
    });
    for (const { organization_id: organizationId, ids } of due)
      for (let from = 0; from < ids.length; from += AT_ONCE)
        await this.remove(organizationId, ids.slice(from, from + AT_ONCE));
  }

  private async remove(organizationId: string, attachmentIds: readonly string[]): Promise<void> {
    try {
      await askingHolds(this.database, { organizations: [organizationId] }).outside(async (lost) => {
        for (const attachmentId of attachmentIds) {
          lost.throwIfAborted();
          await this.bodies.remove({ organizationId, attachmentId });
        }
      });
    } catch (error) {
      if (error instanceof HeldError) return;
      throw error;
    }
    await this.database.asWorker((sql) =>
      sql.query('delete from unknown_body where attachment_id = any ($1::uuid[])', [attachmentIds]),
    );
    this.logger.warn(
      { organizationId, bodies: attachmentIds.length },
      'Removed bodies that no attachment has',
    );
  }
}
