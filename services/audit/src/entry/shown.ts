import { entryDetails } from '@vouchsafe/service-host';
import type { Place } from '../log/place.js';

/** Which entries a read has shown, for the read's own entry: places only, none of the values asked for (docs/audit.md, 'Questions'). */
export function shownHeader(places: readonly Place[]): string {
  const shown = Object.fromEntries(
    [...Map.groupBy(places, (place) => place.logId)].map(([logId, its]) => [
      logId,
      ranges(its.map((p) => p.index)),
    ]),
  );
  return entryDetails({ shown });
}

/** `3,5-9`, ascending. */
export function ranges(indices: readonly number[]): string {
  const sorted = [...new Set(indices)].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const index of sorted) {
    const run = runs.at(-1);
    if (run && run[1] + 1 === index) run[1] = index;
    else runs.push([index, index]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
