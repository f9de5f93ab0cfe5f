import { contract } from '../contract.js';
import { PARKED_MESSAGE_SETTLED_SUMMARY, parkedMessageSettled as schema } from '../parked-message-settled.js';

export const parkedMessageSettled = contract({
  type: 'vouchsafe.identity.parked-message-settled.v1',
  summary: PARKED_MESSAGE_SETTLED_SUMMARY,
  schema,
});
