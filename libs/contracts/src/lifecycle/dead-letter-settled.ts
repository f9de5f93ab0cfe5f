import { contract } from '../contract.js';
import { DEAD_LETTER_SETTLED_SUMMARY, deadLetterSettled as schema } from '../dead-letter-settled.js';
import { storedNames } from '../stored-names.js';

export const deadLetterSettled = contract({
  type: `vouchsafe.lifecycle.${storedNames.deadLetterSettled}.v1`,
  summary: DEAD_LETTER_SETTLED_SUMMARY,
  schema,
});
