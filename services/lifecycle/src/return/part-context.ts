import type { Context } from '@vouchsafe/vault';
import { storedNames } from '../stored-names.js';

/** What the key of a part's body, and the body, are bound to. */
export function contextOf(partId: string, what: 'returnPart' | 'returnPartKey'): Context {
  return [storedNames.return, partId, storedNames[what]];
}
