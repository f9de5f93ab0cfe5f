import { BUNDLE_DAYS, type ExportId } from './export.js';

/** An export that an instance has taken on: until its lease ends it is nobody else's. */
export type ClaimedExport = ExportId & { readonly attempt: number; readonly sealedRequest: string };

/**
 * Makes the bundle of an export, from the request to `ready`.
 * @throws LostLeaseError where the signal came, or another instance has the export
 * @throws BundleTooLargeError where no attempt could make it
 */
export type MakeBundle = (job: ClaimedExport, signal: AbortSignal) => Promise<void>;

/** Another instance has the export now; or it is gone. */
export class LostLeaseError extends Error {
  override readonly name = 'LostLeaseError';
}

/** An instance that says nothing for so long has died: its export is begun again by another. */
export const LEASE_MS = 60_000;

export function leaseFrom(now: Date): string {
  return new Date(now.getTime() + LEASE_MS).toISOString();
}

export function expiryFrom(now: Date): string {
  return new Date(now.getTime() + BUNDLE_DAYS * 86_400_000).toISOString();
}
