/** @promise P10, P31 removes bundles with a person, and with an organization */
import { rm } from 'node:fs/promises';
import { Injectable } from '@nestjs/common';
import { Database } from '@vouchsafe/database';
import {
  type Destroying,
  type OrganizationRemoval,
  type PersonErasure,
  type PersonRemoval,
  rowsOfOrganization,
  withoutAsking,
} from '@vouchsafe/service-host';
import { bundlePath } from './bundle-file.js';
import { ExportFolder } from './export-folder.js';
import type { expiryReasons } from './export.js';

/** Ends bundles. The key goes first: from then on the file is noise, whatever becomes of it. */
@Injectable()
export class RemoveBundles {
  constructor(
    private readonly database: Database,
    private readonly folder: ExportFolder,
  ) {}

  /** Bundles with values that were open when they were made. */
  get ofPerson(): PersonRemoval {
    return { remove: (erasure, destroy) => this.expireBundlesOf(erasure, destroy) };
  }

  get ofOrganization(): OrganizationRemoval {
    const { database } = this;
    const rows = rowsOfOrganization(database, ['export_subject', 'export']);
    return {
      count: (organizationId) => rows.count(organizationId),
      remove: async (organizationId, destroy) => {
        await this.end(destroy, [organizationId], 'erasure', 'true', []);
        await rows.remove(organizationId, destroy);
      },
    };
  }

  /**
   * Ends the bundles that opened a value of an erased person, and those that the person asked for, made or being made, whose manifest
   * repeats the question (P10); one that is being made by somebody else notices at its end. Whoever wants one asks again, and finds the
   * values erased.
   */
  async expireBundlesOf(
    { organizations, subjects }: Pick<PersonErasure, 'organizations' | 'subjects'>,
    destroy: Destroying,
  ): Promise<void> {
    const theirs = `(status in ('running', 'ready', 'failed') and requested_by = any ($3::text[])
      or status = 'ready' and export_id in (
        select export_id from export_subject where subject_id = any ($3::text[])))`;
    await this.end(destroy, organizations, 'erasure', theirs, [subjects]);
  }

  /** Ends those whose time is over, also of organizations that are held: a bundle is a copy of the log. */
  async expireDue(at: Date): Promise<void> {
    const due = await this.database.asWorker((sql) =>
      sql.query<{ organization_id: string }>(
        `select distinct organization_id from export where status in ('ready', 'failed') and expires_at <= $1`,
        [at],
      ),
    );
    if (due.length === 0) return;
    const organizations = due.map(({ organization_id: id }) => id);
    const destroy = withoutAsking(this.database);
    await this.end(destroy, organizations, 'time', `status in ('ready', 'failed') and expires_at <= $3`, [
      at,
    ]);
  }

  private async end(
    destroy: Destroying,
    organizations: readonly string[],
    because: (typeof expiryReasons)[number],
    which: string,
    values: readonly unknown[],
  ): Promise<void> {
    const ended = await destroy((sql) =>
      sql.query<{ export_id: string; attempt: number }>(
        `update export set status = case status when 'failed' then status else 'expired' end,
           sealed_key = null, sealed_request = null,
           expires_at = case status when 'failed' then null else expires_at end,
           expired_because = case status when 'failed' then null when 'expired' then expired_because else $2 end
         where organization_id = any ($1::uuid[]) and ${which}
         returning export_id, attempt`,
        [organizations, because, ...values],
      ),
    );
    for (const { export_id: exportId, attempt } of ended) await this.removeFiles(exportId, attempt);
  }

  private async removeFiles(exportId: string, attempts: number): Promise<void> {
    for (let nth = 1; nth <= attempts; nth += 1)
      await rm(bundlePath(this.folder.path, exportId, nth), { force: true });
  }
}
