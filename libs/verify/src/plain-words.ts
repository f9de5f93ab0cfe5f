import { countIndices, type IndexRange, type Manifest, type ManifestLog } from '@vouchsafe/forensic-bundle';
import type { Verification } from './verify-bundle.js';

export const EXIT_CODES = {
  holds: 0,
  'does-not-hold': 1,
  unreadable: 2,
  'holds-by-its-own-keys': 3,
} as const satisfies Record<Verification['status'], number>;

/** What a verification found, for a person to read. */
export function inPlainWords(file: string, found: Verification): string {
  switch (found.status) {
    case 'unreadable':
      return `${file} CAN NOT BE READ as a forensic bundle: ${found.why}.\n`;
    case 'does-not-hold': {
      const line = found.line === undefined ? '' : `, line ${found.line}`;
      return `${file} DOES NOT HOLD.\n  ${found.file}${line}: ${found.why}.\n`;
    }
    case 'holds':
      return `${file} HOLDS, against the keys that you gave.\n${whatHolds(found.manifest, found.signer)}`;
    case 'holds-by-its-own-keys':
      return (
        `${file} holds ONLY AGAINST THE KEYS INSIDE IT: anyone can make such a file.\n` +
        `Get the log operator's keys from somewhere else, and give them with --vkey.\n` +
        whatHolds(found.manifest, found.signer)
      );
  }
}

function whatHolds(manifest: Manifest, signer: string): string {
  const { exportId, createdAt, range, filter, claim, logs, files } = manifest;
  const filters = Object.entries(filter).map(([name, value]) => `${name} = ${value}`);
  const lines = [
    `Export ${exportId}, made ${createdAt}; the manifest is signed by ${signer}.`,
    `All ${files.length} files are as the manifest says, and the ZIP holds nothing else.`,
    `Asked for: what was recorded from ${range.from} to ${range.to}${filters.length > 0 ? `, where ${filters.join(' and ')}` : ''}.`,
    ...logs.flatMap((log) => [
      `Log ${log.id} (${log.origin}):`,
      ...logLines(log, claim).map((line) => `  ${line}`),
    ]),
    'entries.csv and ocsf.ndjson say exactly what the entries say.',
  ];
  return lines.map((line) => `- ${line}\n`.replace(/^- {3}/, '    - ')).join('');
}

function logLines(log: ManifestLog, claim: Manifest['claim']): string[] {
  const { entries, disclosures, first, last, size, expired, erased, held, earlierCheckpoints, predecessor } =
    log;
  const lines = [`its checkpoint of ${size} entries is signed by the log's key`];
  if (first === null || last === null) return [...lines, 'it has no entries in this range'];
  lines.push(`each of the ${entries} entries, between index ${first} and ${last}, is in the log, unchanged`);
  lines.push(
    claim === 'contiguous'
      ? `nothing between index ${first} and ${last} was left out`
      : 'the bundle does not claim that nothing was left out: entries may be missing from it',
  );
  lines.push(`${disclosures} personal values are opened, and each belongs to its entry`);
  const marked = (ranges: readonly IndexRange[], words: string): void => {
    if (ranges.length > 0) lines.push(`${countIndices(ranges)} ${words}`);
  };
  marked(expired, 'entries reached the end of their retention: their hashes are here, their content is gone');
  marked(erased, 'entries had personal values erased: nobody can open these any more');
  marked(held, 'entries are under a legal hold');
  if (earlierCheckpoints.length > 0) {
    lines.push(
      `${earlierCheckpoints.length} checkpoints published before: the log has only grown since each of them`,
    );
  }
  if (predecessor) lines.push(`it continues log ${predecessor.id}, closed at ${predecessor.size} entries`);
  return lines;
}
