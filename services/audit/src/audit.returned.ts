/** @promise P30 what an organization gets back of its log: each entry as the API shows it */
import { Injectable } from '@nestjs/common';
import { cursorOf, returnedEntity } from '@vouchsafe/service-host';
import { entryView } from './entry/entry-view.js';
import { ListEntries } from './entry/list-entries.js';

const cursor = cursorOf({ recordedAt: 'milliseconds', index: 'index' });

@Injectable()
export class AuditReturned {
  constructor(private readonly listEntries: ListEntries) {}

  readonly entries = returnedEntity({
    ...{ name: 'audit-entries', meaning: 'The entries of the log; a forensic export proves them' },
    ...{ row: entryView, primaryKey: ['logId', 'index'], time: 'occurredAt' },
    page: async ({ organizationId, limit, from, to, ...asked }) => {
      const { entries, next } = await this.listEntries.list(organizationId, {
        filter: { from, to },
        ...{ order: 'oldest', limit, after: cursor.read(asked.cursor) },
      });
      return { items: entries, next: next && cursor.write(next) };
    },
  });
}
