/**
 * @promise P30 what an organization gets back of its log: each entry as the API shows it
 * @promise P10 what a person gets a copy of: the entries about them, without the values of others
 */
import { Injectable } from '@nestjs/common';
import { accessTable, cursorOf, returnedEntity } from '@vouchsafe/service-host';
import { entryView } from './entry/entry-view.js';
import { entryOfPerson, ListEntriesOfPerson } from './entry/list-entries-of-person.js';
import { ListEntries } from './entry/list-entries.js';

const cursor = cursorOf({ recordedAt: 'milliseconds', index: 'index' });

@Injectable()
export class AuditReturned {
  constructor(
    private readonly listEntries: ListEntries,
    private readonly listEntriesOfPerson: ListEntriesOfPerson,
  ) {}

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

  readonly entriesOfPerson = accessTable({
    ...{
      name: 'audit-entries',
      meaning: 'The entries of the log about what you did and what was done to you',
    },
    ...{ row: entryOfPerson, primaryKey: ['logId', 'index'], shows: ['entry', 'disclosure'] },
    page: async ({ organizationId, person, limit, cursor: after }) => {
      const asked = { limit, after: cursor.read(after) };
      const { entries, next } = await this.listEntriesOfPerson.list(organizationId, person, asked);
      return { items: entries, next: next && cursor.write(next) };
    },
  });
}
