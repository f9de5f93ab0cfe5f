import type { JsonObject } from '@vouchsafe/transparency-log';

/** An entry as the bundle shows it: what was not opened is not in it. */
export type ShownEntry = {
  readonly logId: string;
  readonly index: number;
  readonly entry: JsonObject;
  /** How many of its values are not opened. */
  readonly undisclosed: number;
  readonly erased: boolean;
  readonly held: boolean;
};
