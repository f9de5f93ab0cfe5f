import { contract } from '../contract.js';
import { HOLD_CONFIRMATION_SUMMARY, holdConfirmation as schema } from '../hold.js';

export const holdConfirmed = contract({
  type: 'vouchsafe.lifecycle.hold-confirmed.v1',
  summary: HOLD_CONFIRMATION_SUMMARY,
  entity: { type: 'hold', id: 'holdId' },
  schema,
});
