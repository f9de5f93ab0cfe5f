import { contract } from '../contract.js';
import { ERASURE_RECEIPT_SUMMARY, erasureReceipt } from '../erasure-receipt.js';

export const subjectErased = contract({
  type: 'vouchsafe.gateway.subject-erased.v1',
  summary: ERASURE_RECEIPT_SUMMARY,
  schema: erasureReceipt,
});
