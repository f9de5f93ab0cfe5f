import { openLeaf, type LeafFault } from '@vouchsafe/transparency-log';
import { csvRow } from './csv.js';
import { fieldsOf } from './entry-fields.js';
import { isInstant } from './instant.js';
import { ocsfLine } from './ocsf.js';

/** One entry on its way into a bundle, or out of it. */
export type BundleEntry = {
  readonly index: number;
  /** The exact bytes that were hashed into the log. */
  readonly leaf: Uint8Array;
  /** The disclosures that this bundle opens, as `makeLeaf` gave them; in any order. */
  readonly disclosures: readonly string[];
  /** That personal values of it were erased, that it is under a legal hold. */
  readonly erased: boolean;
  readonly held: boolean;
};

/** The lines of an entry in the files that are drawn from the entries, each with its end. */
export type DescribedEntry =
  | {
      readonly status: 'described';
      readonly csv: string;
      readonly ocsf: string;
      readonly undisclosed: number;
      readonly recordedAt: string;
    }
  | LeafFault
  /** `recordedAt` is what the range of a bundle goes by: every leaf has it. */
  | { readonly status: 'no-time' };

export function describeEntry(logId: string, entry: BundleEntry): DescribedEntry {
  const opened = openLeaf(entry.leaf, entry.disclosures);
  if (opened.status !== 'opened') return opened;
  const fields = fieldsOf(opened.entry);
  const { recordedAt } = fields;
  if (!isInstant(recordedAt)) return { status: 'no-time' };
  const { index, erased, held } = entry;
  const { undisclosed } = opened;
  const marks = { logId, index, undisclosed, erased, held };
  return {
    ...{ status: 'described', undisclosed, recordedAt },
    ...{ csv: csvRow(fields, marks), ocsf: ocsfLine(fields, marks) },
  };
}

/** Empty where nothing is opened, else `{"disclosures":[...],"index":n}`: canonical JSON, the disclosures sorted, so that there is one way to write it. */
export function disclosureLine(index: number, disclosures: readonly string[]): string {
  if (disclosures.length === 0) return '';
  const sorted = disclosures.length === 1 ? disclosures : [...disclosures].sort();
  return `{"disclosures":["${sorted.join('","')}"],"index":${index}}\n`;
}
