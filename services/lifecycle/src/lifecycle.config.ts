import { consumedBy } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import { z } from 'zod';

/** Environment variables of lifecycle, besides the host's. */
export const lifecycleConfig = persistenceConfig.extend({
  /** Days for which the operator can restore a backup (P31). */
  VOUCHSAFE_BACKUPS_KEPT_DAYS: z.coerce.number().int().min(1).default(30),
  /** Days between two base backups. */
  VOUCHSAFE_BACKUP_INTERVAL_DAYS: z.coerce.number().int().min(1).default(7),
  VOUCHSAFE_PUBLIC_URL: z.url(),
  /** First part of the name of the key that signs certificates, as of every log; the public URL's host where it is not set. */
  VOUCHSAFE_LOG_NAME: z.string().optional(),
  /** What `npm run backup` records of the backups that there are; outside of the database, and in no backup. */
  VOUCHSAFE_BACKUP_RECORDS: z.string().min(1),
  /** The services from which missing facts are fetched. */
  ...serviceUrls(consumedBy('lifecycle')),
});
export type LifecycleConfig = z.output<typeof lifecycleConfig>;
