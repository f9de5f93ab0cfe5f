import { isKeyName } from '@vouchsafe/transparency-log';
import { z } from 'zod';

/** Environment variables of audit, besides the host's. */
export const auditConfig = z.object({
  /** `postgres://host:port/audit`, without credentials. */
  VOUCHSAFE_DATABASE_URL: z.string().startsWith('postgres://'),
  VOUCHSAFE_DATABASE_PASSWORD_MIGRATOR: z.string().min(1),
  VOUCHSAFE_DATABASE_PASSWORD_REQUEST: z.string().min(1),
  VOUCHSAFE_DATABASE_PASSWORD_WORKER: z.string().min(1),
  VOUCHSAFE_DATABASE_PASSWORD_RETENTION: z.string().min(1),
  VOUCHSAFE_BUS_URL: z.string().startsWith('postgres://'),
  VOUCHSAFE_KEK_FILE: z.string().min(1),
  /** Its log takes what belongs to no customer, and the reads of logs. */
  VOUCHSAFE_OPERATOR_ORGANIZATION_ID: z.uuid(),
  VOUCHSAFE_PUBLIC_URL: z.url(),
  /** First part of every log's origin and key name; the public URL's host where it is not set. Never changes later. */
  VOUCHSAFE_LOG_NAME: z
    .string()
    .refine((name) => isKeyName(name) && !name.endsWith('/'), 'no white space, no plus, no slash at its end')
    .optional(),
  /** Bundles wait here, encrypted, until they expire; all instances must see the same folder. */
  VOUCHSAFE_FILES_FOLDER: z.string().min(1),
  VOUCHSAFE_IDENTITY_URL: z.url(),
  VOUCHSAFE_GATEWAY_URL: z.url(),
});
export type AuditConfig = z.output<typeof auditConfig>;

export function logName(config: AuditConfig): string {
  return config.VOUCHSAFE_LOG_NAME ?? new URL(config.VOUCHSAFE_PUBLIC_URL).host;
}
