import { consumedBy, retentionPolicies } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import { z } from 'zod';
import { backupsKeptDays } from './backup/backup-records.js';

const logPolicy = retentionPolicies['audit-log'];

/** Environment variables of lifecycle, besides the host's. */
export const lifecycleConfig = persistenceConfig.extend({
  /** Days for which the operator can restore a backup (P31). */
  VOUCHSAFE_BACKUPS_KEPT_DAYS: backupsKeptDays,
  /** Days between two base backups. */
  VOUCHSAFE_BACKUP_INTERVAL_DAYS: z.coerce.number().int().min(1).default(7),
  VOUCHSAFE_PUBLIC_URL: z.url(),
  /** First part of the name of the key that signs certificates, as of every log; the public URL's host where it is not set. */
  VOUCHSAFE_LOG_NAME: z.string().optional(),
  /** What `npm run backup` records of the backups that there are; outside of the database, and in no backup. */
  VOUCHSAFE_BACKUP_RECORDS: z.string().min(1),
  /** Attachments are in `attachments/` there, sealed, unless a bucket is named; all instances must see the same folder. */
  VOUCHSAFE_FILES_FOLDER: z.string().min(1),
  /** A bucket of S3, which nothing else may use, for the bodies of attachments. Region and credentials are those of the AWS SDK. */
  VOUCHSAFE_ATTACHMENT_BUCKET: z.string().min(3).optional(),
  /** Where the bucket is, if it is not at AWS. */
  VOUCHSAFE_ATTACHMENT_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  /** Largest attachment, and all attachments of an organization together, in bytes. */
  VOUCHSAFE_ATTACHMENT_LIMIT: z.coerce.number().int().min(1).max(1e13).default(104_857_600),
  VOUCHSAFE_ATTACHMENT_QUOTA: z.coerce.number().int().min(0).max(1e15).default(10_737_418_240),
  /** As audit's: for the list of retention policies. */
  VOUCHSAFE_AUDIT_RETENTION_MONTHS: z.coerce
    .number()
    .int()
    .min(logPolicy.floor.months)
    .max(logPolicy.ceiling.months)
    .default(logPolicy.period.months),
  /** A JSON file: what the operator alone knows of the record of processing activities (Article 30 GDPR). */
  VOUCHSAFE_PROCESSING_RECORD_FILE: z.string().min(1).optional(),
  /** As identity's: a folder with `<service>.data-inventory.json` in place of the golden files that ship with the services. */
  VOUCHSAFE_INVENTORY_FOLDER: z.string().min(1).optional(),
  /** The services from which missing facts are fetched. */
  ...serviceUrls(consumedBy('lifecycle')),
});
export type LifecycleConfig = z.output<typeof lifecycleConfig>;
