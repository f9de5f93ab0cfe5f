import { Injectable } from '@nestjs/common';
import { Database, instant } from '@vouchsafe/database';
import { Vault } from '@vouchsafe/vault';
import { searchKeys } from '../log/search-keys.js';
import { type Position, searchEntries, type SearchOptions } from './entry-search.js';
import { type EntryView, viewEntries } from './entry-view.js';

export interface EntryPage {
  readonly entries: EntryView[];
  /** Where the next page begins; null at the end. */
  readonly next: Position | null;
}

/** Finds a page of an organization's entries, and opens what can still be opened of them. */
@Injectable()
export class ListEntries {
  constructor(
    private readonly database: Database,
    private readonly vault: Vault,
  ) {}

  list(
    organizationId: string,
    asked: Pick<SearchOptions, 'filter' | 'order' | 'limit' | 'after'>,
  ): Promise<EntryPage> {
    return this.database.forOrganization(organizationId, async (sql) => {
      const keys = await searchKeys(this.vault, sql, organizationId);
      // One more than asked for: whether there is a next page.
      const found = await searchEntries(sql, { ...asked, organizationId, keys, limit: asked.limit + 1 });
      const entries = await viewEntries(sql, this.vault, organizationId, found.slice(0, asked.limit));
      // A page of large entries has fewer of them.
      const last = found.length > entries.length ? found[entries.length - 1] : undefined;
      const next = last && { recordedAt: instant(last.recorded_at).getTime(), index: Number(last.index) };
      return { entries, next: next ?? null };
    });
  }
}
