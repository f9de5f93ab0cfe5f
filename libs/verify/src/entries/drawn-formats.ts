import { CSV_HEADER_V1, csvRowV1 } from './csv-v1.js';
import { CSV_HEADER_V2, csvRowV2 } from './csv-v2.js';
import { entryFieldsV1 } from './entry-fields-v1.js';
import { entryFieldsV2 } from './entry-fields-v2.js';
import { ocsfLineV1 } from './ocsf-v1.js';
import { ocsfLineV2 } from './ocsf-v2.js';
import type { ShownEntry } from './shown-entry.js';

/** What entries.csv and ocsf.ndjson say of an entry. */
export type Drawn = { readonly csv: string; readonly ocsf: string };

export type DrawnFormat = { readonly csvHeader: string; readonly draw: (shown: ShownEntry) => Drawn };

/** How both files are drawn from the entries; docs/formats.md describes them. They go by one version, and so by the same fields. */
export const DRAWN_FORMATS: Readonly<Record<1 | 2, DrawnFormat>> = {
  1: {
    csvHeader: CSV_HEADER_V1,
    draw: (shown) => {
      const fields = entryFieldsV1(shown.entry);
      return { csv: csvRowV1(shown, fields), ocsf: ocsfLineV1(shown, fields) };
    },
  },
  2: {
    csvHeader: CSV_HEADER_V2,
    draw: (shown) => {
      const fields = entryFieldsV2(shown.entry);
      return { csv: csvRowV2(shown, fields), ocsf: ocsfLineV2(shown, fields) };
    },
  },
};
