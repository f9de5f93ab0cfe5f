import { contract } from '../contract.js';
import {
  ORGANIZATION_ERASURE_RECEIPT_SUMMARY,
  organizationErasureReceipt as schema,
} from '../erasure-receipt.js';

export const organizationErased = contract({
  type: 'vouchsafe.identity.organization-erased.v1',
  summary: ORGANIZATION_ERASURE_RECEIPT_SUMMARY,
  schema,
});
