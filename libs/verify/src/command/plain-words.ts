import type { Manifest, ManifestLog } from '../manifest/manifest.js';
import { countIndices, type IndexRange } from '../manifest/ranges.js';
import { shown } from './shown.js';
import type { Verification } from '../verify-bundle.js';

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
      return `${name} CANNOT BE READ as a forensic bundle: ${shown(found.why)}.\n`;
    case 'does-not-hold': {
      const line = found.line === undefined ? '' : `, line ${found.line}`;
      return `${name} DOES NOT HOLD.\n  ${shown(found.file)}${line}: ${shown(found.why)}.\n`;
    }
    case 'holds':
      return `${name} HOLDS, against the keys that you gave.\n${whatHolds(found.manifest, found.signer)}`;
    case 'holds-by-its-own-keys':
      return (
        `${name} holds ONLY AGAINST THE KEYS INSIDE IT: anyone can make such a file.\n` +
        `Get the log operator's keys from somewhere else, and give them with --vkey.\n` +
        whatHolds(found.manifest, found.signer)
      );
  }
}

function whatHolds(manifest: Manifest, signer: string): string {
  const { exportId, createdAt, claim, logs, files } = manifest;
  const lines = [
    `Export ${shown(exportId)}, made ${createdAt} as it says; the manifest is signed by ${shown(signer)}.`,
    `All ${files.length} files are as the manifest says, and the ZIP holds nothing else.`,
    ...questionLines(manifest),
    ...logs.flatMap((log) => [
      `Log ${shown(log.id)} (${shown(log.origin)}):`,
      ...logLines(log, claim).map((line) => `  ${line}`),
    ]),
    'entries.csv and ocsf.ndjson say exactly what the entries say, and of erasure and holds what the manifest says.',
    'keys/ holds the keys that signed all this; when each was in use, and any other key there, is what the bundle says.',
  ];
  return lines.map((line) => `- ${line}\n`.replace(/^- {3}/, '    - ')).join('');
}

function questionLines(manifest: Manifest): string[] {
  const { range, filter, disclosed, logs } = manifest;
  const filters = Object.entries(filter).map(([name, value]) => `${shown(name)} = ${shown(value)}`);
  const where = filters.length > 0 ? `, where ${filters.join(' and ')}` : '';
  const lines = [
    `The manifest says that it was asked for what ${askedTime(manifest)}${where}; ` +
      `to be opened: ${disclosed.length > 0 ? shown(disclosed.join(', ')) : 'nothing'}.`,
  ];
  if (logs.some((log) => log.entries > 0)) {
    const unchecked = filters.length > 0 ? '; whether it matches the filter was not checked' : '';
    lines.push(`Each entry says that it was recorded from ${range.from} to ${range.to}${unchecked}.`);
  }
  return lines;
}

/** Version 1 has one range for both. */
function askedTime({ asked, coveredUntil, claim, range }: Manifest): string {
  if (!asked || coveredUntil === undefined) return `was recorded from ${range.from} to ${range.to}`;
  const what = claim === 'contiguous' ? 'occurred or was recorded' : 'occurred';
  return `${what} from ${asked.from} to ${asked.to}, as far as it was recorded before ${coveredUntil}`;
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
    lines.push(`${disclosures} personal values are opened, and each belongs to its entry`);
  }
  const marked = (ranges: readonly IndexRange[], words: string): void => {
    if (ranges.length > 0) lines.push(`the manifest says of ${countIndices(ranges)} entries that ${words}`);
  };
  marked(
    expired,
    'they reached the end of their retention: they were logged, but what they said is not here and cannot be checked',
  );
  marked(erased, 'personal values of them were erased: each has values that are not opened here');
  marked(held, 'they are under a legal hold');
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
    : 'no entry of it is here: that it has none to be here is what the manifest says, nothing in the bundle proves it';
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
    `that no entry ${outside.join(' or ')} belongs to the time asked for is what the manifest says`,
  ];
}

/** That two logs meet was checked where both are here; that one was meant to follow the other is never shown. */
function predecessorLines({ predecessor }: ManifestLog): string[] {
  if (!predecessor) return [];
  return [
    `the manifest says that it continues log ${shown(predecessor.id)}, closed at ${predecessor.size} entries`,
  ];
}
