import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../system/root.ts';
import type { Finding } from './checks.ts';

/** A mistake in the built program of a service. */
interface Edit {
  readonly file: string;
  readonly is: string;
  readonly becomes: string;
}

/** A fault, and what must be found because of it. */
export interface Plant {
  readonly name: string;
  readonly kind: string;
  /** Of the finding, where a kind has several causes. */
  readonly what?: RegExp;
  readonly edits: readonly Edit[];
  /** For how many days the operator keeps backups; 30 where nothing is said. */
  readonly keptDays?: number;
}

const plan = 'services/lifecycle/dist/termination/plan.js';
const stores = 'libs/service-host/dist/data-stores';
const archives = 'services/lifecycle/dist/return/assemble-returns.js';
const requests = 'services/lifecycle/dist/request';
const unasked =
  '((database) => Object.assign((work) => database.asRetention(work), { outside: (work) => work() }))';

/** One simulation each: faults that do not hide each other. */
export const planted: readonly (readonly Plant[])[] = [
  [
    {
      name: 'a purge begins on day 119',
      kind: 'P31: deleted before day 120',
      edits: [{ file: plan, is: 'inactive: 120', becomes: 'inactive: 119' }],
    },
    {
      name: 'an organization that came back is deleted all the same',
      kind: 'P31: came back, and was deleted',
      edits: [
        {
          file: 'services/lifecycle/dist/termination/termination.decider.js',
          is: "case 'organization-reactivated': return {",
          becomes: "case 'organization-reactivated': return state; return {",
        },
        {
          file: 'services/lifecycle/dist/termination/termination.aggregate.js',
          is: 'due_at = null, untold_since = null where',
          becomes: 'due_at = due_at, untold_since = null where',
        },
      ],
    },
    {
      name: 'a certificate is issued though a backup is there',
      kind: 'P31: certified while a backup holds it',
      edits: [
        {
          file: 'services/lifecycle/dist/purge/follow-purges.js',
          is: 'if (there.length > 0)',
          becomes: 'if (false)',
        },
      ],
      // Longer than the policy says, so that one is there.
      keptDays: 100,
    },
    {
      name: 'entries go after eleven months',
      kind: 'P04: deleted before 12 months',
      edits: [
        {
          file: 'services/audit/dist/retention/retention-period.js',
          is: 'getUTCMonth() - months)',
          becomes: 'getUTCMonth() - months + 1)',
        },
      ],
    },
    {
      name: 'data can be asked for until day 29',
      kind: 'P30: the owner is told another end of the time for a return',
      edits: [{ file: plan, is: 'return: 30', becomes: 'return: 29' }],
    },
    {
      name: 'archives go after 10 days',
      kind: 'P30: an archive is gone before 30 days',
      edits: [{ file: archives, is: 'DAYS_KEPT = 30', becomes: 'DAYS_KEPT = 10' }],
    },
    {
      name: 'a month after 31 January is 3 March',
      kind: 'P10: due at another time than a month after receipt',
      edits: [
        {
          file: `${requests}/request-dates.js`,
          is: 'Math.min(time.getUTCDate(), lastDay)',
          becomes: 'time.getUTCDate()',
        },
      ],
    },
    {
      name: 'closed requests go after six months',
      kind: 'P10: a request is gone before twelve months',
      edits: [
        { file: `${requests}/data-request.decider.js`, is: 'KEPT_MONTHS = 12', becomes: 'KEPT_MONTHS = 6' },
      ],
    },
  ],
  [
    {
      name: 'a purge begins on day 214',
      kind: 'P31: in production after day 210',
      edits: [
        { file: plan, is: 'inactive: 120', becomes: 'inactive: 214' },
        {
          file: plan,
          is: 'const purgeUntil = earlier(',
          becomes: 'const purgeUntil = ((_, late) => plusDays(late, 60))(',
        },
        { file: plan, is: 'return left >= 0', becomes: 'return true' },
      ],
    },
    {
      name: 'backups are kept for 400 days',
      kind: 'P31: in backups after day 300',
      edits: [],
      keptDays: 400,
    },
    {
      name: 'entries go after fourteen months',
      kind: 'P04: kept for more than 12 months',
      edits: [
        {
          file: 'services/audit/dist/retention/retention-period.js',
          is: 'getUTCMonth() - months)',
          becomes: 'getUTCMonth() - months - 2)',
        },
      ],
    },
    {
      name: 'erasures begin after 40 days',
      kind: 'P10: not erased within a month',
      edits: [
        {
          file: `${stores}/erasing.js`,
          is: 'takeDue(sql, now())',
          becomes: 'takeDue(sql, new Date(now().getTime() - 40 * 86_400_000))',
        },
      ],
    },
    {
      name: 'sign-ups that nobody confirmed are kept for 700 days',
      kind: 'P03: a sign-up that nobody confirmed is kept for more than 12 months',
      edits: [
        {
          file: 'services/identity/dist/housekeeping/housekeeping.js',
          is: 'pendingSignUp: 7',
          becomes: 'pendingSignUp: 700',
        },
      ],
    },
    {
      name: 'data can be asked for until day 60',
      kind: 'P30: a return was given after its time',
      edits: [{ file: plan, is: 'return: 30', becomes: 'return: 60' }],
    },
    {
      name: 'archives go after 90 days',
      kind: 'P30: an archive is kept for more than 30 days',
      edits: [{ file: archives, is: 'DAYS_KEPT = 30', becomes: 'DAYS_KEPT = 90' }],
    },
    {
      name: 'an extension gives four months',
      kind: 'P10: extended to another time than three months after receipt',
      edits: [
        {
          file: `${requests}/request-dates.js`,
          is: 'isExtended ? 3 : 1',
          becomes: 'isExtended ? 4 : 1',
        },
      ],
    },
    {
      name: 'requests that nobody confirmed are kept for 60 days',
      kind: 'P10: kept without a confirmation for more than 48 hours',
      edits: [
        {
          file: `${requests}/data-request.decider.js`,
          is: 'CONFIRMABLE_DAYS = 2',
          becomes: 'CONFIRMABLE_DAYS = 60',
        },
      ],
    },
    {
      name: 'closed requests go after fourteen months',
      kind: 'P10: a closed request is kept for more than twelve months',
      edits: [
        { file: `${requests}/data-request.decider.js`, is: 'KEPT_MONTHS = 12', becomes: 'KEPT_MONTHS = 14' },
      ],
    },
  ],
  [
    {
      name: 'the purge does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /ended, identity\.organization /,
      edits: [
        {
          file: `${stores}/erase-organization.js`,
          is: 'options.destroying ?? askingHolds',
          becomes: `options.destroying ?? ${unasked}`,
        },
      ],
    },
    {
      name: 'the erasure of a person does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /in use, identity\.account /,
      edits: [
        {
          file: `${stores}/erase-person.js`,
          is: 'options.destroying ?? askingHolds',
          becomes: `options.destroying ?? ${unasked}`,
        },
      ],
    },
    {
      name: 'the retention of entries does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /in use, audit\.entry /,
      edits: [
        {
          file: 'services/audit/dist/retention/follow-retention.js',
          is: 'await destroying(this.database, what,',
          becomes: 'await ((database, _, work) => database.asRetention(work))(this.database, what,',
        },
      ],
    },
    {
      name: 'who deletes an attachment does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /in use, files\.attachments /,
      edits: [
        {
          file: 'services/lifecycle/dist/attachment/delete-attachment.js',
          is: 'await refuseHeld(unit,',
          becomes: 'if (false) await refuseHeld(unit,',
        },
      ],
    },
    {
      name: 'the end of an archive does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /in use, lifecycle\.return_part /,
      edits: [{ file: archives, is: 'await refuseHeld(sql,', becomes: 'if (false) await refuseHeld(sql,' }],
    },
    {
      // What it asks for is an erasure, which would ask them again, but for the fault above.
      name: 'the retirement of requests does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /in use, lifecycle\.data_request /,
      edits: [
        {
          file: `${requests}/follow-requests.js`,
          is: 'if (!await isHeld(transaction, due))',
          becomes: 'if (true)',
        },
      ],
    },
    {
      name: 'data can be asked for until day 10',
      kind: 'P30: a return was refused in its time',
      edits: [{ file: plan, is: 'return: 30', becomes: 'return: 10' }],
    },
    {
      name: 'the time does not stand still',
      kind: 'P10: the time went on while somebody had to show who they are',
      edits: [
        {
          file: `${requests}/request-dates.js`,
          is: 'new Date(time.getTime() + waited)',
          becomes: 'new Date(time.getTime())',
        },
      ],
    },
    {
      name: 'an extension is taken at any time',
      kind: 'P10: extended after the first month',
      edits: [
        {
          file: `${requests}/data-request.decider.js`,
          is: 'if (at > dates.extendableUntil)',
          becomes: 'if (false)',
        },
      ],
    },
  ],
  [
    {
      name: 'the housekeeping of emails does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /identity\.email /,
      edits: [
        {
          file: 'services/identity/dist/housekeeping/housekeeping.js',
          is: 'and organization_id <> all ($2::uuid[])',
          becomes: 'and $2::uuid[] is not null',
        },
      ],
    },
    {
      name: 'a release is never carried out',
      kind: 'P31: in production 30 days after a release',
      edits: [
        {
          file: `${stores}/holding.js`,
          is: 'async function release(options, hold) {',
          becomes: 'async function release(options, hold) { if (hold) return false;',
        },
      ],
    },
    {
      name: 'who deletes an archive does not ask the holds',
      kind: 'P31: destroyed in spite of a hold',
      what: /in use, lifecycle\.return_part /,
      edits: [
        {
          file: 'services/lifecycle/dist/return/delete-return.js',
          is: 'await refuseHeld(unit,',
          becomes: 'if (false) await refuseHeld(unit,',
        },
      ],
    },
    {
      name: 'the purge forgets the files of archives',
      kind: 'P30: an archive survives the purge',
      edits: [
        {
          file: 'services/lifecycle/dist/lifecycle.stores.js',
          is: 'await destroy.outside(()=>bodies.remove({ organizationId, attachmentId }))',
          becomes: 'undefined',
        },
        {
          file: 'services/lifecycle/dist/lifecycle.stores.js',
          is: 'await destroy.outside(()=>bodies.removeSome(organizationId))',
          becomes: 'false',
        },
        {
          file: 'services/lifecycle/dist/lifecycle.stores.js',
          is: 'bodies.list(organizationId)',
          becomes: '[]',
        },
      ],
    },
    {
      name: 'a link can be opened for 60 days',
      kind: 'P10: confirmed after 48 hours',
      edits: [
        {
          file: `${requests}/data-request.decider.js`,
          is: 'CONFIRMABLE_DAYS = 2',
          becomes: 'CONFIRMABLE_DAYS = 60',
        },
      ],
    },
    {
      name: 'an address goes three months after the closure',
      kind: 'P10: the address is kept after the closure',
      edits: [
        {
          file: `${requests}/data-request.decider.js`,
          is: 'at: closedAt, expired: [',
          becomes: 'at: plusMonths(closedAt, 3), expired: [',
        },
      ],
    },
    {
      name: 'what services say of an erasure that was approved is not noted',
      kind: 'P10: an approved erasure is not carried out by the target',
      edits: [
        {
          file: 'services/lifecycle/dist/reactions/data-requests.controller.js',
          is: 'if (!row)',
          becomes: 'if (row || !row)',
        },
      ],
    },
  ],
];

/**
 * Variables that plant these faults in whatever service loads one of the files.
 * @param file to be written
 * @throws where a file does not have what is to be changed: the plant must be written anew
 */
export async function planting(plants: readonly Plant[], file: string): Promise<Record<string, string>> {
  const sources = new Map<string, string>();
  for (const { name, edits } of plants)
    for (const { is, becomes, ...edit } of edits) {
      const at = path.join(root, edit.file);
      const source = sources.get(at) ?? (await readFile(at, 'utf8'));
      const there = patternOf(is);
      if (source.search(there) < 0) throw new Error(`${edit.file} has no "${is}" any more ("${name}")`);
      sources.set(
        at,
        source.replaceAll(there, () => becomes),
      );
    }
  await writeFile(file, JSON.stringify([...sources].map(([at, source]) => ({ file: at, source }))));
  const hook = pathToFileURL(path.join(import.meta.dirname, 'planting.mjs')).href;
  return { VOUCHSAFE_PLANTED: file, NODE_OPTIONS: `--import ${hook}` };
}

/** However the compiler breaks its lines. */
function patternOf(text: string): RegExp {
  const words = text.split(' ').map((word) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(words.join(String.raw`\s+`), 'g');
}

export function isCaught({ kind, what = /./ }: Plant, findings: readonly Finding[]): boolean {
  return findings.some((finding) => finding.kind === kind && what.test(finding.what));
}
