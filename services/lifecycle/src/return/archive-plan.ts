import type { ReturnedPerson, ReturnedTable } from '@vouchsafe/service-host';

/** The person whose data is in an archive, and the request that it answers; null where the archive is the organization's. */
export type ArchivedPerson = (ReturnedPerson & { readonly dataRequestId: string }) | null;

/** What is in an archive, decided when it is begun. */
export interface ArchivePlan {
  readonly tables: readonly PlannedTable[];
  /** The stores of which nothing is returned, and why. */
  readonly nothing: readonly {
    readonly service: string;
    readonly store: string;
    readonly because: string;
  }[];
}

export interface PlannedTable extends ReturnedTable {
  /** Which service has its rows. */
  readonly service: string;
}

/** Where a part begins: what comes before stands in earlier parts. */
export interface ArchivePosition {
  /** Of the table that is written; that of attachments' files when all tables are. */
  readonly table: number;
  /** In the table, or among the files; null at the beginning. */
  readonly cursor: string | null;
  /** How many files each table has so far. */
  readonly filesOfTables: readonly number[];
  readonly isDone: boolean;
}

export const beginning: ArchivePosition = { table: 0, cursor: null, filesOfTables: [], isDone: false };

/** `members.csv`, `members.2.csv`. */
export function fileOfTable({ name }: ReturnedTable, nth: number): string {
  return nth === 1 ? `${name}.csv` : `${name}.${nth}.csv`;
}
