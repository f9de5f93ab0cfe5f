import { rename, writeFile } from 'node:fs/promises';

const DAY_MS = 86_400_000;

/** The clock that all services share. */
export interface Time {
  now(): Date;
  /** Forward, never back; it goes on from there at its usual pace. */
  moveTo(time: Date): Promise<void>;
}

/** How often a service looks at the file, and a little more. */
const SEEN_WITHIN_MS = 80;

/** @param file of VOUCHSAFE_CLOCK_OFFSET_FILE */
export async function timeIn(file: string): Promise<Time> {
  let offset = 0;
  const tell = async (): Promise<void> => {
    // Renamed: a service that reads half of a file would go back by years.
    await writeFile(`${file}.part`, `${offset}\n`);
    await rename(`${file}.part`, file);
  };
  await tell();
  return {
    now: () => new Date(Date.now() + offset),
    moveTo: async (time) => {
      const wanted = time.getTime() - Date.now();
      if (wanted <= offset) return;
      offset = wanted;
      await tell();
      await new Promise((resolve) => setTimeout(resolve, SEEN_WITHIN_MS));
    },
  };
}

export function plusDays(time: Date, days: number): Date {
  return new Date(time.getTime() + days * DAY_MS);
}
