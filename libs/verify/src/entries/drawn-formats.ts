import { CSV_HEADER_V1, csvRowV1 } from './csv-v1.js';
import { CSV_HEADER_V2, csvRowV2 } from './csv-v2.js';
import { ocsfLineV1 } from './ocsf-v1.js';
import { ocsfLineV2 } from './ocsf-v2.js';
import type { ShownEntry } from './shown-entry.js';

type Draw = (shown: ShownEntry) => string;

/** How each version of entries.csv is drawn from the entries; docs/formats.md describes them. */
export const CSV_FORMATS: Readonly<Record<1 | 2, { readonly header: string; readonly row: Draw }>> = {
  1: { header: CSV_HEADER_V1, row: csvRowV1 },
  2: { header: CSV_HEADER_V2, row: csvRowV2 },
};

/** How each version of ocsf.ndjson is. */
export const OCSF_FORMATS: Readonly<Record<1 | 2, Draw>> = { 1: ocsfLineV1, 2: ocsfLineV2 };
