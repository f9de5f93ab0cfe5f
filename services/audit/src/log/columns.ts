/** What a column's values are made of: ids, keys, numbers and times need no quotes. */
type ColumnKind = 'plain' | 'text' | 'bytes';
type Value = string | number | Uint8Array | null;

/**
 * Rows turned into one array a column, as `unnest` takes them, written here as Postgres reads them (manual, 8.15.6): the
 * driver's own writing of arrays costs as much as all the hashes.
 */
export function columns(rows: readonly (readonly Value[])[], kinds: readonly ColumnKind[]): string[] {
  return kinds.map((kind, column) => {
    const write = writers[kind];
    let text = '';
    for (const row of rows) {
      const value = row[column] ?? null;
      text += `${text === '' ? '' : ','}${value === null ? 'NULL' : write(value)}`;
    }
    return `{${text}}`;
  });
}

const writers = {
  plain: String,
  text: (value: NonNullable<Value>) => quoted(String(value)),
  bytes: (value: NonNullable<Value>) => {
    if (!(value instanceof Uint8Array)) throw new TypeError('A bytea column can hold only bytes');
    return `"\\\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')}"`;
  },
} satisfies Record<ColumnKind, (value: NonNullable<Value>) => string>;

function quoted(text: string): string {
  return NEEDS_ESCAPES.test(text) ? `"${text.replace(/["\\]/g, '\\$&')}"` : `"${text}"`;
}

const NEEDS_ESCAPES = /["\\]/;
