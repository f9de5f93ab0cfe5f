import type { Manifest, ManifestLog } from '../manifest/manifest.js';
import { countIndices, type IndexRange } from '../manifest/ranges.js';
import type { Verification, WhatHolds } from '../verify-bundle.js';
import { quoted, shown } from './shown.js';

/** Verdicts alone: whatever goes wrong with the verifier itself ends with another code (see `FAULT_CODES`). */
export const EXIT_CODES = {
  holds: 0,
  'does-not-hold': 1,
  unreadable: 2,
  'holds-by-its-own-keys': 3,
} as const satisfies Record<Verification['status'], number>;

/** What a verification found, for a person to read. It says as facts what was checked, and of the rest whose word it is. */
export function inPlainWords(file: string, found: Verification): string {
  const name = shown(file);
  switch (found.status) {
    case 'unreadable':
      return `${name} CANNOT BE READ: ${shown(found.why)}.\n`;
    case 'does-not-hold': {
      const line = found.line === undefined ? '' : `, line ${found.line}`;
      return `${name} DOES NOT HOLD.\n  ${shown(found.file)}${line}: ${shown(found.why)}.\n`;
    }
    case 'holds':
      return `${name} HOLDS, against the keys that you gave.\n${whatHolds(found)}`;
    case 'holds-by-its-own-keys':
      return (
        `${name} holds ONLY AGAINST THE KEYS INSIDE IT: anyone can make such a file.\n` +
        `Get the log operator's keys from another source, and give them with --vkey.\n` +
        whatHolds(found)
      );
  }
}

function whatHolds({ manifest, signer, entriesOfVersion1 }: WhatHolds): string {
  const { exportId, createdAt, claim, logs, files } = manifest;
  const lines = [
    `Export ${quoted(exportId)}, created ${createdAt} according to the bundle; the manifest is signed by ${quoted(signer)}.`,
    ...versionLines(manifest, entriesOfVersion1),
    `All ${files.length} files match the manifest, and the ZIP contains nothing else.`,
    ...questionLines(manifest),
    ...logs.flatMap((log) => [
      `Log ${quoted(log.id)} (${quoted(log.origin)}):`,
      ...logLines(log, claim).map((line) => `  ${line}`),
    ]),
    'entries.csv and ocsf.ndjson say exactly what the entries say, and about erasures and holds what the manifest says.',
    'keys/ contains the keys that signed all this; when each was in use, and any other key there, is a claim of the bundle.',
  ];
  return lines.map((line) => `- ${line}\n`.replace(/^- {3}/, '    - ')).join('');
}

/** Versions are told, so that a bundle of an old one, which says less, is not taken for one of today. */
function versionLines({ version, formats }: Manifest, entriesOfVersion1: number): string[] {
  const lines = [
    `The manifest is of version ${version}, entries.csv of version ${formats.csv}, ocsf.ndjson of version ${formats.ocsf}` +
      (version === 1 ? '; exporters now write version 2.' : '.'),
  ];
  if (entriesOfVersion1 > 0) {
    lines.push(
      `${entriesOfVersion1} of the entries are of version 1: they do not say who submitted them, or whether they were observed.`,
    );
  }
  return lines;
}

function questionLines(manifest: Manifest): string[] {
  const { range, filter, disclosed, logs } = manifest;
  const filters = Object.entries(filter).map(([name, value]) => `${quoted(name)} = ${quoted(value)}`);
  const where = filters.length > 0 ? `, where ${listed(filters, ' and ')}` : '';
  const lines = [
    `The manifest says that the export was requested for entries that ${askedTime(manifest)}${where}; ` +
      `values to disclose: ${disclosed.length > 0 ? listed(disclosed.map(quoted), ', ') : 'none'}.`,
  ];
  if (logs.some((log) => log.entries > 0)) {
    const unchecked = filters.length > 0 ? '; whether it matches the filter was not checked' : '';
    lines.push(`Each entry says that it was recorded from ${range.from} to ${range.to}${unchecked}.`);
  }
  return lines;
}

/** Version 1 has one range for both. */
function askedTime({ asked, coveredUntil, claim, range }: Manifest): string {
  if (!asked || coveredUntil === undefined) return `were recorded from ${range.from} to ${range.to}`;
  const what = claim === 'contiguous' ? 'occurred or were recorded' : 'occurred';
  return `${what} from ${asked.from} to ${asked.to}, as far as they were recorded before ${coveredUntil}`;
}

function logLines(log: ManifestLog, claim: Manifest['claim']): string[] {
  const { entries, disclosures, first, last, size, expired, erased, held, earlierCheckpoints } = log;
  const lines = [`its checkpoint of ${size} entries is signed by the log's key`];
  if (first === null || last === null) lines.push(nothingHere(size));
  else {
    if (entries > 0) {
      lines.push(
        `each of the ${entries} entries, between index ${first} and ${last}, is in the log, unchanged`,
      );
    }
    lines.push(...(claim === 'contiguous' ? contiguousLines(log, first, last) : [INCLUSION]));
    lines.push(`${disclosures} personal values are disclosed, and each belongs to its entry`);
  }
  const marked = (ranges: readonly IndexRange[], words: string): void => {
    if (ranges.length > 0) lines.push(`the manifest says that ${countIndices(ranges)} entries ${words}`);
  };
  marked(
    expired,
    'have reached the end of their retention: they were logged, but their content is not here and cannot be checked',
  );
  marked(erased, 'have personal values that were erased: each has values that are not disclosed here');
  marked(held, 'are under a legal hold');
  if (earlierCheckpoints.length > 0) {
    lines.push(
      `${earlierCheckpoints.length} checkpoints published before: the log has only grown since each of them`,
    );
  }
  return [...lines, ...predecessorLines(log)];
}

const INCLUSION = 'the bundle does not claim that nothing was left out: entries may be missing from it';

function nothingHere(size: number): string {
  return size === 0
    ? 'it is empty'
    : 'no entry of it is here: that there are none to include is a claim of the manifest, which nothing in the bundle proves';
}

/** Indices prove what lies between; the edges alone where they are the log's own. */
function contiguousLines({ size, expired }: ManifestLog, first: number, last: number): string[] {
  const but = expired.length > 0 ? ` but ${countIndices(expired)} that the manifest calls expired` : '';
  const between = `nothing between index ${first} and ${last} was left out${but}`;
  const [isStart, isEnd] = [first === 0, last === size - 1];
  if (isStart && isEnd) return [between, 'these are all entries that the log had at its checkpoint'];
  const outside = [!isStart && `before index ${first}`, !isEnd && `after index ${last}`].filter(Boolean);
  return [
    between,
    `that no entry ${outside.join(' or ')} belongs to the requested time is a claim of the manifest`,
  ];
}

/** That two logs meet was checked where both are here; that one was meant to follow the other is never shown. */
function predecessorLines({ predecessor }: ManifestLog): string[] {
  if (!predecessor) return [];
  return [
    `the manifest says that it continues log ${quoted(predecessor.id)}, closed at ${predecessor.size} entries`,
  ];
}

const MOST_LISTED = 20;

function listed(items: readonly string[], between: string): string {
  const more = items.length - MOST_LISTED;
  return items.slice(0, MOST_LISTED).join(between) + (more > 0 ? ` and ${more} more` : '');
}
