import { type Database, instant, prepared } from '@vouchsafe/database';
import type { BundleEntry } from '@vouchsafe/forensic-bundle';
import type { Vault } from '@vouchsafe/vault';
import { pageStatement, type Position } from '../entry/entry-search.js';
import { type OpenDisclosure, openDisclosures } from '../entry/entry-view.js';
import { askedFor } from '../log/field-path.js';
import type { EntryRow, LogView } from '../log/log-reader.js';
import type { Selection } from './bundle-selection.js';
import type { ExportRequest } from './export.js';

/** Leaves of one page, at most: with their opened values they are what an export holds in memory, twice. */
const PAGE = 250;

export interface EntrySource {
  readonly database: Database;
  readonly vault: Vault;
  /** Called with the number of entries that have been written. */
  readonly onProgress: (done: number) => Promise<void>;
  /** Takes the persons of whom a value was opened, or whom the question found by one. */
  readonly concerned: Set<string>;
}

/** Pages of the log, each in a transaction of its own: nothing stays open however long the export takes. */
export async function* entriesOf(
  { logId }: LogView,
  size: number,
  selection: Selection | null,
  { disclose, filter }: Pick<ExportRequest, 'disclose' | 'filter'>,
  organizationId: string,
  { database, vault, onProgress, concerned }: EntrySource,
  { progress, seen }: { readonly progress: { done: number }; readonly seen: (index: number) => void },
): AsyncGenerator<BundleEntry> {
  if (!selection) return;
  const isAsked = askedFor(disclose);
  const named = namedBy(filter);
  const pageAfter = async (after: Position | null): Promise<Page> => {
    const { text, values } = pageStatement(
      { organizationId, logId, ...selection, order: 'oldest', limit: PAGE, after },
      selection.span,
      selection.words,
    );
    return database.forOrganization(organizationId, async (sql) => {
      const found = await sql.query<EntryRow>(prepared(text), values);
      const disclosures = await openDisclosures(sql, vault, organizationId, found);
      const rows = found.slice(0, disclosures.length);
      return { rows, disclosures, isLast: found.length < PAGE && rows.length === found.length };
    });
  };
  for await (const { rows, disclosures } of pagesAhead(pageAfter)) {
    for (const [i, row] of rows.entries()) {
      const index = Number(row.index);
      // Younger than the checkpoint that this bundle's proofs lead to.
      if (index >= size) return;
      seen(index);
      const open = disclosures[i] ?? [];
      const shown = open.filter(({ path }) => isAsked(path));
      for (const { path, subjectId } of open)
        if (subjectId !== null && (named.has(path) || isAsked(path))) concerned.add(subjectId);
      yield {
        index,
        leaf: row.leaf,
        disclosures: shown.map(({ disclosure }) => disclosure),
        erased: open.length < row.disclosable,
        held: false,
      };
    }
    progress.done += rows.length;
    await onProgress(progress.done);
  }
}

interface Page {
  readonly isLast: boolean;
  readonly rows: readonly EntryRow[];
  readonly disclosures: readonly (readonly OpenDisclosure[])[];
}

/** Page by page; the next one is read while this one is written: the database works on it meanwhile. */
async function* pagesAhead(pageAfter: (after: Position | null) => Promise<Page>): AsyncGenerator<Page> {
  let next: Promise<Page> | undefined = pageAfter(null);
  try {
    while (next) {
      const page: Page = await next;
      const last = page.rows.at(-1);
      next =
        last && !page.isLast
          ? pageAfter({ recordedAt: instant(last.recorded_at).getTime(), index: Number(last.index) })
          : undefined;
      // Its failure is thrown when its turn comes, and must not become an unhandled rejection before.
      next?.catch(() => undefined);
      yield page;
    }
  } finally {
    await next?.catch(() => undefined);
  }
}

/** Field paths whose values the filter names: the manifest repeats them, so they count as disclosed. */
function namedBy({ actor, entityId, sourceIp, requestId }: ExportRequest['filter']): ReadonlySet<string> {
  const paths = { 'actor.id': actor, 'entity.id': entityId, sourceIp, requestId };
  return new Set(Object.entries(paths).flatMap(([path, value]) => (value === undefined ? [] : [path])));
}
