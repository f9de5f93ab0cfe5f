import type { Refusal } from '../problem.js';
import type { ReturnVerification } from '../return/verify-return.js';
import { quoted } from './shown.js';
import { verdictInPlainWords } from './verdict-words.js';

type Holding = Exclude<ReturnVerification, Refusal>;

/** What the check of a part of a return found, for a person to read. */
export function returnInPlainWords(file: string, found: Holding): string {
  return verdictInPlainWords(file, found.status, 'BY ITS OWN WORDS', facts(found));
}

function facts({ status, returned, signer }: Holding): string[] {
  const { organizationId, returnId, userId, createdAt, part, previousPart, isLast, files, from, to } =
    returned;
  const tables = files.filter(({ rows }) => rows !== undefined);
  const rows = tables.reduce((sum, one) => sum + (one.rows ?? 0), 0);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const by =
    status === 'holds' ? `signed by ${quoted(signer)}` : `which names ${quoted(signer)} as its signer`;
  return [
    `Part ${part} of the return ${quoted(returnId)} of organization ${quoted(organizationId)}, written at ${createdAt}, ${by}.`,
    ...(userId === null ? [] : [`It has the data of one person: ${quoted(userId)}.`]),
    `Its ${files.length} files (${bytes} bytes) are as they were written; ${tables.length} tables have ${rows} rows.`,
    from === null && to === null
      ? 'All times were asked for.'
      : `Records with a time were asked for from ${from ?? 'the beginning'} until ${to ?? 'the end'}.`,
    ...(previousPart
      ? [
          `Part ${previousPart.part} is a ZIP file of ${previousPart.size} bytes with the SHA-256 ${previousPart.sha256}.`,
        ]
      : []),
    isLast ? 'This is the last part.' : 'Other parts follow.',
    ...returned.missing.map(
      (path) => `An attachment was deleted while the archive was put together: ${quoted(path)}.`,
    ),
    ...returned.notReturned.map(
      ({ service, store, because }) =>
        `Nothing is returned of ${quoted(`${service}/${store}`)}: ${quoted(because)}.`,
    ),
    `That this is all of the ${userId === null ? 'organization' : 'person'}’s data is the operator’s word.`,
  ];
}
