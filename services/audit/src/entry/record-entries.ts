import { Injectable } from '@nestjs/common';
import { Database, retryingDeadlocks } from '@vouchsafe/database';
import type { Origin } from '../log/entry.js';
import { type RecordAnswer, Recorder } from '../log/record.js';
import { entryOfSubmission, type SubmittedEntry } from './submission.js';
import { type Usage, VolumeLimits, volumeOf } from './volume.js';

/** Records what an organization's own back end sends: all of it or nothing, and within the organization's volume. */
@Injectable()
export class RecordEntries {
  constructor(
    private readonly database: Database,
    private readonly recorder: Recorder,
    private readonly volume: VolumeLimits,
  ) {}

  /** @param tellUsage hears what is used of the limits, whenever it changes, however the recording ends */
  async record(
    organizationId: string,
    origin: Origin,
    sent: readonly SubmittedEntry[],
    tellUsage: (usages: readonly Usage[]) => void,
  ): Promise<RecordAnswer> {
    const counted = await this.volume.take(organizationId, volumeOf(sent));
    tellUsage(counted);
    const giveBack = async (unrecorded: readonly SubmittedEntry[]): Promise<void> =>
      tellUsage(await this.volume.giveBack(organizationId, volumeOf(unrecorded), counted));
    const entries = sent.map((one) => entryOfSubmission(organizationId, origin, one));
    const answer = await retryingDeadlocks(() =>
      this.database.forOrganization(organizationId, (sql) => this.recorder.record(sql, entries)),
    ).catch(async (failure: unknown) => {
      await giveBack(sent);
      throw failure;
    });
    await giveBack(sent.filter((_, i) => answer.status === 'rejected' || answer.known.has(i)));
    return answer;
  }
}
