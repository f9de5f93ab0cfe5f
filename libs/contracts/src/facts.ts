import * as auditFacts from './audit/index.js';
import type { Contract } from './contract.js';
import type { erasureReceipt, organizationErasureReceipt } from './erasure-receipt.js';
import * as gatewayFacts from './gateway/index.js';
import type { holdConfirmation } from './hold.js';
import * as identityFacts from './identity/index.js';
import * as billingFacts from './billing/index.js';
import * as lifecycleFacts from './lifecycle/index.js';
import { type ServiceName, serviceNames } from './services.js';

/** What a service publishes. Every one answers an erasure by a receipt of its own (P10, P31), and a legal hold by a confirmation. */
interface Facts extends Readonly<Record<string, Contract | object>> {
  readonly subjectErased: Contract<typeof erasureReceipt>;
  readonly organizationErased: Contract<typeof organizationErasureReceipt>;
  readonly holdConfirmed: Contract<typeof holdConfirmation>;
}

/** The contracts of every service of the list; one that lacks its own does not compile. */
export const facts = {
  audit: auditFacts,
  gateway: gatewayFacts,
  identity: identityFacts,
  billing: billingFacts,
  lifecycle: lifecycleFacts,
} satisfies Readonly<Record<ServiceName, Facts>>;

/** Every contract that a service owns, in all versions. */
export function contractsOf(service: ServiceName): Contract[] {
  return Object.values<object>(facts[service]).filter(isContract);
}

/** The same in their newest versions: what a service takes that is up to date. */
export function newestContractsOf(service: ServiceName): Contract[] {
  const contracts = contractsOf(service);
  const former = new Set(contracts.map((one) => one.former?.contract));
  return contracts.filter((one) => !former.has(one));
}

/** Every contract of the published language. */
export function everyContract(): Contract[] {
  return serviceNames.flatMap(contractsOf);
}

/** A folder of contracts exports schemas, too. */
function isContract(exported: object): exported is Contract {
  return 'type' in exported && 'owner' in exported && 'schema' in exported;
}

export { auditFacts, gatewayFacts, identityFacts, billingFacts, lifecycleFacts };
