/** @promise P10, P31 records erasures and legal holds outside of the database, so that a restore cannot undo them */
import { open, readFile } from 'node:fs/promises';
import { holdScope } from '@vouchsafe/contracts';
import { z } from 'zod';
import { syncFolderOf } from './sync-folder.js';
import { VaultError } from './vault-error.js';

const which = {
  erasureId: z.uuid(),
  /** In whose log the receipt stands. */
  organizationId: z.uuid(),
  requestedAt: z.iso.datetime(),
};

/** An erasure, as it is recorded outside of the database, which a restore would turn back: of a person, or of an organization. */
const tombstone = z.union([
  z.strictObject({
    ...which,
    userId: z.uuid(),
    /** Every organization under which a key of the person may be. */
    organizations: z.array(z.uuid()).min(1),
    /** The ids under which the person's values are sealed: the user's, and those of the invitations to the same person. */
    subjects: z.array(z.uuid()).min(1),
  }),
  z.strictObject({ ...which, erasedOrganizationId: z.uuid() }),
]);
export type Tombstone = z.infer<typeof tombstone>;

/** A legal hold: what it covers is not destroyed until it is released. */
const recordedHold = z.strictObject({
  holdId: z.uuid(),
  /** In whose log it stands. */
  organizationId: z.uuid(),
  heldOrganizationId: z.uuid(),
  scope: holdScope,
  placedAt: z.iso.datetime(),
});
export type RecordedHold = z.infer<typeof recordedHold>;

/**
 * A line of the file. A tombstone alone is an erasure that was carried out: a restore repeats it. One that is only `intended` may have been
 * cut off: a restore first asks the holds.
 */
const line = z.union([
  tombstone,
  z.strictObject({ intended: tombstone }),
  z.strictObject({ hold: recordedHold }),
  z.strictObject({ released: z.strictObject({ holdId: z.uuid() }) }),
]);
export type LedgerLine = z.infer<typeof line>;

/** What the file says, each thing once, oldest first. */
export interface Ledger {
  /** Of erasures that were carried out. */
  readonly tombstones: readonly Tombstone[];
  /** Of those that were begun, and of which nobody has said that they were carried out. */
  readonly intended: readonly Tombstone[];
  readonly holds: readonly RecordedHold[];
  /** Ids of holds. */
  readonly released: ReadonlySet<string>;
}

/**
 * Where erasures and legal holds are remembered beside Postgres (docs/vault.md, 'Erasure'): a database that is restored to a point before them
 * must not bring an erased person back, nor lose what is held. Read before the service serves.
 */
export interface OutsideTombstones {
  /** Resolves when they are durable. The same may be written again. */
  append(lines: readonly LedgerLine[]): Promise<void>;
  read(): Promise<Ledger>;
}

/**
 * Append-only files of JSON lines, for one machine; keep them on another disk than the database, and never in its backups. Tombstones of people
 * stand in `file`, as the former release reads and writes them: it refuses any other line, and a rollback must not stop it. All else stands in
 * `<file>.ledger` beside it.
 * @throws VaultError `tombstones-malformed`: what is remembered must not be guessed at
 */
export function tombstoneFile(file: string): OutsideTombstones {
  return {
    append: async (lines) => {
      await appendTo(file, lines.filter(isOfPerson));
      await appendTo(
        ledgerBeside(file),
        lines.filter((one) => !isOfPerson(one)),
      );
    },
    read: async () => ledgerOf([...(await linesIn(file)), ...(await linesIn(ledgerBeside(file)))]),
  };
}

function ledgerBeside(file: string): string {
  return `${file}.ledger`;
}

function isOfPerson(one: LedgerLine): boolean {
  return 'userId' in one;
}

async function appendTo(file: string, lines: readonly LedgerLine[]): Promise<void> {
  if (lines.length === 0) return;
  // Behind a line that a crash has cut off, a new one must not begin in its middle.
  const text = lines.map((one) => `\n${JSON.stringify(one)}\n`).join('');
  const handle = await open(file, 'a', 0o600);
  try {
    await handle.appendFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await syncFolderOf(file);
}

async function linesIn(file: string): Promise<LedgerLine[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  });
  // A line without its end was cut off while it was written: nothing was destroyed on its account.
  const whole = new Set(text.split('\n').filter((one) => one.endsWith('}')));
  return [...whole].map((one) => parsed(file, one));
}

function ledgerOf(lines: readonly LedgerLine[]): Ledger {
  const tombstones = new Map<string, Tombstone>();
  const intended = new Map<string, Tombstone>();
  const holds = new Map<string, RecordedHold>();
  const released = new Set<string>();
  for (const one of lines) {
    if ('intended' in one) intended.set(one.intended.erasureId, one.intended);
    else if ('hold' in one) holds.set(one.hold.holdId, one.hold);
    else if ('released' in one) released.add(one.released.holdId);
    else tombstones.set(one.erasureId, one);
  }
  for (const erasureId of tombstones.keys()) intended.delete(erasureId);
  return {
    ...{ tombstones: [...tombstones.values()], intended: [...intended.values()] },
    ...{ holds: [...holds.values()], released },
  };
}

function parsed(file: string, text: string): LedgerLine {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    throw new VaultError('tombstones-malformed', `${file} has a line that is not a tombstone`);
  }
}
