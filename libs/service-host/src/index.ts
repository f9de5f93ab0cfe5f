export { addressGroup } from './address-group.js';
export * from './boot.js';
export { PASSES_ON, UndeclaredRouteError } from './boot-checks.js';
export * from './caller.js';
export { queryTextHoldsCardNumber } from './card-number/card-numbers-in-url.js';
export { withoutCardNumbers } from './card-number/find-card-number.js';
export * from './clock.js';
export { ConfigError, type HostConfig, hostConfig, readConfig } from './config.js';
export { type PersonErasure, heldBecause, takeOn } from './data-stores/erasure.js';
export {
  askingHolds,
  destroying,
  destroyingAcross,
  type Destroying,
  HeldError,
  refuseHeld,
  withoutAsking,
} from './data-stores/destroying.js';
export { type Destruction, holdsCovering, holdsOn, releasedHoldsOn } from './data-stores/holds.js';
export { linesOfOthers } from './data-stores/ledgers-of-others.js';
export {
  DATA_STORES,
  type DataStore,
  type Expiring,
  NotRemovedYetError,
  type OrganizationRemoval,
  type PersonRemoval,
} from './data-stores/data-store.js';
export { DataStoresModule } from './data-stores/data-stores.module.js';
export { libraryStores } from './data-stores/library-stores.js';
export { mayLoseOrganizations } from './data-stores/migrations.js';
export { storePreview } from './data-stores/preview-person.js';
export {
  type ExpiringStore,
  expiringStores,
  type RetentionQuestion,
} from './data-stores/preview-retention.js';
export { receiptPublishing } from './data-stores/receipt.js';
export {
  type Access,
  accessTable,
  callerFor,
  NO_PERSON,
  onePage,
  returnedEntity,
  type ReturnedPerson,
  returnedPerson,
  type ReturnedColumn,
  type ReturnedEntity,
  type ReturnedTable,
} from './data-stores/returned.js';
export {
  type ReturnedCatalog,
  returnedCatalog,
  returnedRows,
} from './data-stores/returned-data.controller.js';
export { countRows, rows, rowsOfOrganization } from './data-stores/rows.js';
export * from './data-inventory/inventory.js';
export * from './data-inventory/read-inventories.js';
export * from './data-inventory/shared-columns.js';
export { emailAddress } from './email-address.js';
export * from './etag.js';
export { Readiness } from './health.js';
export type { Refusing } from './fastify.js';
export * from './idempotency.js';
export { errorWords } from './error-words.js';
export * from './inputs.js';
export * from './internal-client.js';
export * from './internal-headers.js';
export * from './internal-keys.js';
export { InternalTokens, InternalTokenVerifier, readPrivateKey, readPublicKeys } from './internal-token.js';
export { masked, type ServiceLogger, serviceLogger } from './logging.js';
export { maskedPath } from './masked-path.js';
export { Metrics } from './metrics.js';
export { problemSchemas } from './openapi/answers.js';
export type { CheckedInput } from './openapi/inputs.js';
export * from './operation.js';
export * from './paging.js';
export { type RecordSettlement, runDeadLetters } from './dead-letters/dead-letters-command.js';
export { publishSettled, settledOf, settledPublishing } from './dead-letters/settled.js';
export * from './permissions.js';
export { sendProblem } from './problem.filter.js';
export * from './problems.js';
export * from './raw-body.js';
export { newTraceparent, outgoingTrace, requestContext, traceIdOf } from './request-context.js';
export { assertRecentlyAuthenticated } from './recent-proof.js';
export { RouteTable } from './route-table.js';
export * from './service-urls.js';
export { sealingPublishing, tellSealed } from './sealing/sealing.js';
export { stopOnSignals } from './stop.js';
export * from './persistence/background.js';
export { consume } from './persistence/consume.js';
export * from './persistence/persistence.config.js';
export * from './persistence/persistence.module.js';
export * from './persistence/topics.js';
export { firstOf } from './validation.js';
