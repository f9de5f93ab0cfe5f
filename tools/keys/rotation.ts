import { setTimeout as sleep } from 'node:timers/promises';
import { addLocalKek, deleteLocalKek, localKeks, type RotationStep } from '@vouchsafe/vault';
import type { ServiceKeys } from '../data/service-keys.ts';
import type { StillAlone } from './one-at-a-time.ts';

type Say = (line: string) => void;

/** Whoever has read an older key's row has opened it, or written what is wrapped by it, within this time. */
const IN_FLIGHT_MS = 2_000;

/** A new KEK, and every key under it. The old one still opens what backups hold; `retireOlderKeks` deletes it. */
export async function rotateKek({ name, database, vault, kekFile }: ServiceKeys, say: Say): Promise<void> {
  const current = await addLocalKek(kekFile);
  const moved = await untilNothingRemains(() => database.asWorker((sql) => vault.rotateKek(sql)));
  say(`${name}: ${moved} keys are now wrapped by ${current}`);
}

/** Deletes every KEK but the current one, for good, once nothing stands under it and nothing can be written under it any more. */
export async function retireOlderKeks(
  { name, database, vault, kekFile }: ServiceKeys,
  stillAlone: StillAlone,
  say: Say,
): Promise<void> {
  const [, ...older] = await localKeks(kekFile);
  if (older.length === 0) {
    say(`${name}: there are no older keys`);
    return;
  }
  say(
    `${name}: deleting ${older.join(', ')} for good. Backups that were made before the last rotate-kek cannot be opened after this: ` +
      'make a new one (npm run backup).',
  );
  for (const kekId of older) await database.asWorker((sql) => vault.retireKek(sql, kekId));
  await untilNothingRemains(() => database.asWorker((sql) => vault.rotateKek(sql)));
  await sleep(IN_FLIGHT_MS);
  for (const kekId of older) {
    await stillAlone();
    await deleteLocalKek(kekFile, kekId);
    say(`${name}: ${kekId} was deleted`);
  }
}

/** A new key of an organization, and all its people's keys under it. @returns whether the service has a key of it */
export async function rotateOrganization(
  { name, database, vault }: ServiceKeys,
  organizationId: string,
  say: Say,
): Promise<boolean> {
  if (!(await database.asWorker((sql) => vault.rotateOrganizationKey(sql, organizationId)))) {
    say(`${name}: has no key of ${organizationId}`);
    return false;
  }
  const move = () =>
    untilNothingRemains(() => database.asWorker((sql) => vault.rewrapDataKeys(sql, organizationId)));
  let moved = await move();
  // A request that had read the old version when the new one came may have made its key under it since.
  await sleep(IN_FLIGHT_MS);
  moved += await move();
  say(`${name}: ${moved} keys are now wrapped by the new key of ${organizationId}`);
  return true;
}

/** A new key of a person, for what is sealed from now on. @returns whether the service has a key of theirs */
export async function rotatePerson(
  { name, database, vault }: ServiceKeys,
  scope: { readonly organizationId: string; readonly subjectId: string },
  say: Say,
): Promise<boolean> {
  const has = await database.asWorker((sql) => vault.rotateSubjectKey(sql, scope));
  say(`${name}: ${has ? `${scope.subjectId} has a new key` : `has no key of ${scope.subjectId}`}`);
  return has;
}

async function untilNothingRemains(step: () => Promise<RotationStep>): Promise<number> {
  for (let rewrapped = 0; ;) {
    const done = await step();
    rewrapped += done.rewrapped;
    if (done.remaining === 0) return rewrapped;
    // Others hold what remains; they are waited for.
    if (done.rewrapped === 0) await sleep(100);
  }
}
