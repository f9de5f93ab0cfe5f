import type { Sql } from '@vouchsafe/database';
import { type Erased, isErased } from '@vouchsafe/event-sourcing';
import type { Scope, Vault } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';

/** A cell with a sealed value; table, column and row are its associated data, so it can be opened nowhere else. */
export interface SealedCell {
  readonly scope: Scope;
  readonly table: string;
  readonly column: string;
  /** The row's primary key. */
  readonly row: string;
}

/** @returns what to store: `null` for nothing, and for a subject whose key was destroyed (P10) */
export async function sealCell(
  vault: Vault,
  sql: Sql,
  cell: SealedCell,
  value: string | Erased | null,
): Promise<string | null> {
  if (value === null || isErased(value)) return null;
  const sealed = await vault.seal(sql, cell.scope, contextOf(cell), value);
  return isErased(sealed) ? null : sealed;
}

/** @returns `null` for nothing and for what is erased */
export async function openCell(
  vault: Vault,
  sql: Sql,
  cell: SealedCell,
  stored: string | null,
): Promise<string | null> {
  const [opened] = await openCells(vault, sql, [{ ...cell, stored }]);
  return opened ?? null;
}

/** Many cells at once: one query for the keys, whatever their number. */
export async function openCells(
  vault: Vault,
  sql: Sql,
  cells: readonly (SealedCell & { readonly stored: string | null })[],
): Promise<(string | null)[]> {
  const filled = cells.flatMap((cell, index) =>
    cell.stored === null ? [] : [{ index, cell, sealed: cell.stored }],
  );
  const opened = await vault.openMany(
    sql,
    filled.map(({ cell, sealed }) => ({ scope: cell.scope, context: contextOf(cell), sealed })),
  );
  const values = cells.map((): string | null => null);
  filled.forEach(({ index }, at) => {
    const value = opened[at];
    values[index] = value === undefined || isErased(value) ? null : value;
  });
  return values;
}

function contextOf({ table, column, row }: SealedCell): readonly string[] {
  return [storedNames.row, table, column, row];
}
