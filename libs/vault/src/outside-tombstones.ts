/** @promise P10, P31 records erasures outside of the database, so that a restore cannot undo them */
import { open, readFile } from 'node:fs/promises';
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

/**
 * Where erasures are remembered beside Postgres (docs/vault.md, 'Erasure'): a database that is restored to a point before them
 * must not bring the person back. Written before the key is destroyed, read before the service serves.
 */
export interface OutsideTombstones {
  /** Resolves when they are durable. The same may be written again. */
  append(tombstones: readonly Tombstone[]): Promise<void>;
  /** Every one, each once, oldest first. */
  all(): Promise<readonly Tombstone[]>;
}

/**
 * An append-only file of JSON lines, for one machine; keep it on another disk than the database, and never in its backups.
 * @throws VaultError `tombstones-malformed`: what is remembered must not be guessed at
 */
export function tombstoneFile(file: string): OutsideTombstones {
  return {
    append: async (tombstones) => {
      if (tombstones.length === 0) return;
      // Behind a line that a crash has cut off, a new one must not begin in its middle.
      const text = tombstones.map((one) => `\n${JSON.stringify(one)}\n`).join('');
      const handle = await open(file, 'a', 0o600);
      try {
        await handle.appendFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await syncFolderOf(file);
    },
    all: async () => {
      const text = await readFile(file, 'utf8').catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
        throw error;
      });
      // A line without its end was cut off while it was written: nothing was destroyed on its account.
      const whole = text.split('\n').filter((line) => line.endsWith('}'));
      const known = new Map(whole.map((line) => [line, read(file, line)]));
      return [...new Map([...known.values()].map((one) => [one.erasureId, one])).values()];
    },
  };
}

function read(file: string, line: string): Tombstone {
  try {
    return tombstone.parse(JSON.parse(line));
  } catch {
    throw new VaultError('tombstones-malformed', `${file} has a line that is not a tombstone`);
  }
}
