import { consumedBy, retentionPolicies } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import { isKeyName } from '@vouchsafe/transparency-log';
import { z } from 'zod';

const logPolicy = retentionPolicies['audit-log'];
const most = (asDelivered: number) => z.coerce.number().int().min(1).max(1e12).default(asDelivered);

/** Environment variables of audit, besides the host's. */
export const auditConfig = persistenceConfig.extend({
  VOUCHSAFE_PUBLIC_URL: z.url(),
  /** First part of every log's origin and key name; the public URL's host where it is not set. */
  VOUCHSAFE_LOG_NAME: z
    .string()
    .refine(
      (name) => isKeyName(name) && !name.endsWith('/'),
      'must not contain white space or a plus sign, nor end with a slash',
    )
    .optional(),
  /** Bundles wait here, encrypted, until they expire; all instances must see the same folder. */
  VOUCHSAFE_FILES_FOLDER: z.string().min(1),
  /** Where bundles are made: in a process of their own, or in the service's. */
  VOUCHSAFE_EXPORTER: z.enum(['process', 'service']).default('process'),
  /** What an organization may submit by the API: entries, and bytes of them as JSON. One can't take from the others. */
  VOUCHSAFE_ENTRIES_PER_MINUTE: most(120_000),
  VOUCHSAFE_ENTRY_BYTES_PER_MINUTE: most(256 * 2 ** 20),
  VOUCHSAFE_ENTRIES_PER_DAY: most(20_000_000),
  VOUCHSAFE_ENTRY_BYTES_PER_DAY: most(64 * 2 ** 30),
  /** For so many months entries are kept (P04), unless an organization has a period of its own: never for longer than is promised. */
  VOUCHSAFE_AUDIT_RETENTION_MONTHS: z.coerce
    .number()
    .int()
    .min(logPolicy.floor.months)
    .max(logPolicy.ceiling.months)
    .default(logPolicy.period.months),
  /** The services from which missing facts are fetched. */
  ...serviceUrls(consumedBy('audit')),
});
export type AuditConfig = z.output<typeof auditConfig>;

export type LogNaming = Pick<AuditConfig, 'VOUCHSAFE_LOG_NAME' | 'VOUCHSAFE_PUBLIC_URL'>;

export function logName(config: LogNaming): string {
  return config.VOUCHSAFE_LOG_NAME ?? new URL(config.VOUCHSAFE_PUBLIC_URL).host;
}
