import { openNote, parseVerifierKey } from '@vouchsafe/transparency-log';
import type { Client } from './client.ts';

export interface Manifest {
  readonly part: number;
  readonly isLast: boolean;
  readonly files: readonly {
    readonly path: string;
    readonly size: number;
    readonly sha256: string;
    readonly rows?: number;
  }[];
  readonly previousPart: { readonly part: number; readonly size: number; readonly sha256: string } | null;
  readonly notReturned: readonly {
    readonly service: string;
    readonly store: string;
    readonly because: string;
  }[];
}

/** The manifest of a part, if one of the keys signed it. */
export function manifestIn(note: Uint8Array, keys: readonly string[]): Manifest | undefined {
  const known = keys.flatMap((vkey) => {
    const parsed = parseVerifierKey(vkey);
    return 'key' in parsed ? [parsed.key] : [];
  });
  const opened = openNote(note, known);
  if (opened.status !== 'opened') return undefined;
  const [, manifest = ''] = Buffer.from(note).toString('utf8').split('\n');
  return JSON.parse(manifest) as Manifest;
}

/** Every item of a list of the API, page by page. */
export async function everyItem(
  client: Client,
  list: string,
  { items = 'items', query = {} }: { items?: string; query?: Readonly<Record<string, string>> } = {},
): Promise<object[]> {
  const all: object[] = [];
  let cursor: Readonly<Record<string, string>> = {};
  for (;;) {
    const page = (await client.must(200, 'GET', list, { query: { ...query, ...cursor } })) as Readonly<
      Record<string, object[]>
    > & { readonly next: string | null };
    all.push(...(page[items] ?? []));
    if (page.next === null) return all;
    cursor = { cursor: page.next };
  }
}
