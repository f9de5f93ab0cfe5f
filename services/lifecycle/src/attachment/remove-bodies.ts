/** @promise P28, P31 no body stays without an attachment, whatever was killed when */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import { Background, Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { Attachments } from './attachments.js';
import { type BodyId, BodyStore } from './body-store.js';

const POLL_MS = 5_000;
const BETWEEN_SEARCHES_MS = 24 * 3_600_000;
const AT_ONCE = 500;

/** Removes bodies of attachments that were deleted, that were never received to their end, and that no row knows. */
@Injectable()
export class RemoveBodies implements OnApplicationBootstrap {
  private nextSearch = 0;

  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly background: Background,
    private readonly bodies: BodyStore,
    private readonly attachments: Attachments,
    @Inject(LOGGER) private readonly logger: Pick<ServiceLogger, 'error'>,
  ) {}

  onApplicationBootstrap(): void {
    const onError = (error: unknown) =>
      this.logger.error({ err: error }, 'Bodies of attachments could not be removed; retrying');
    this.background.add(follow(() => this.step(), { idle: POLL_MS, retry: POLL_MS * 6, onError }));
  }

  /** @returns how many were found to be removed */
  async step(): Promise<number> {
    const at = this.clock.now();
    if (at.getTime() >= this.nextSearch) {
      this.nextSearch = at.getTime() + BETWEEN_SEARCHES_MS;
      await this.removeOrphans();
    }
    const due = await this.claim(at);
    if (!due) return 0;
    await this.attachments.remove(due);
    return 1;
  }

  /** If it fails, it is due again after a minute, and the others go on. */
  private async claim(at: Date): Promise<BodyId | undefined> {
    const [due] = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: string; attachment_id: string }>(
        `update attachment set status = 'removing', due_at = $1::timestamptz + interval '1 minute'
         where attachment_id = (
           select attachment_id from attachment where due_at <= $1 order by due_at limit 1 for update skip locked)
         returning organization_id, attachment_id`,
        [at],
      ),
    );
    return due && { organizationId: due.organization_id, attachmentId: due.attachment_id };
  }

  /**
   * A row is committed before its body is begun, and deleted after it was removed. So a body that is listed first, and then found in no row,
   * belongs to none: a backup of the database was restored that is older.
   */
  async removeOrphans(): Promise<void> {
    let listed: BodyId[] = [];
    for await (const id of this.bodies.list()) {
      listed.push(id);
      if (listed.length < AT_ONCE) continue;
      await this.removeUnknown(listed);
      listed = [];
    }
    await this.removeUnknown(listed);
  }

  private async removeUnknown(listed: readonly BodyId[]): Promise<void> {
    const known = await this.database.asWorker((sql) =>
      sql.query<{ attachment_id: string }>(
        'select attachment_id from attachment where attachment_id = any ($1::uuid[])',
        [listed.map(({ attachmentId }) => attachmentId)],
      ),
    );
    const ids = new Set(known.map(({ attachment_id: id }) => id));
    for (const id of listed) if (!ids.has(id.attachmentId)) await this.bodies.remove(id);
  }
}
