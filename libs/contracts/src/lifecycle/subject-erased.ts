import { contract } from '../contract.js';
import { ERASURE_RECEIPT_SUMMARY, erasureReceipt as schema } from '../erasure-receipt.js';

export const subjectErased = contract({
  type: 'vouchsafe.lifecycle.subject-erased.v1',
  summary: ERASURE_RECEIPT_SUMMARY,
  schema,
});
