/** @promise P28, P31 no body stays without an attachment, whatever was killed when */
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import { follow } from '@vouchsafe/event-store';
import { Background, Clock, LOGGER, type ServiceLogger } from '@vouchsafe/service-host';
import { Attachments } from './attachments.js';
import type { BodyId } from './body-store.js';
import { UnknownBodies } from './unknown-bodies.js';

const POLL_MS = 5_000;

/** Removes bodies of attachments that were deleted, that were never received to their end, and that no row knows. */
@Injectable()
export class RemoveBodies implements OnApplicationBootstrap {
  constructor(
    private readonly database: Database,
    private readonly clock: Clock,
    private readonly background: Background,
    private readonly attachments: Attachments,
    private readonly unknown: UnknownBodies,
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
    await this.unknown.searchIfDue(at);
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
}
