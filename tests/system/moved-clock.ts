import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The services look at the file every 50 ms; on a busy machine later. */
const SEEN_MS = 300;

/** For a system whose services' clock a suite moves; Postgres and the suite keep the real one. */
export function movedBy(folder: string): Readonly<Record<string, string>> {
  return { VOUCHSAFE_CLOCK_OFFSET_FILE: fileIn(folder) };
}

/**
 * Waits until every service has seen it: a token of one that has moved does not count for one that has not.
 * @param by milliseconds from the real time
 */
export async function moveClock(folder: string, by: number): Promise<void> {
  await writeFile(fileIn(folder), `${by}\n`);
  await sleep(SEEN_MS);
}

function fileIn(folder: string): string {
  return path.join(folder, 'offset');
}
