import { consumedBy } from '@vouchsafe/contracts';
import { persistenceConfig, serviceUrls } from '@vouchsafe/service-host';
import { secret } from '@vouchsafe/vault';
import { z } from 'zod';

/** Environment variables of identity, besides the host's. */
export const identityConfig = persistenceConfig.extend({
  /** The services from which missing facts are fetched: receipts of erasures, identity's own among them. */
  ...serviceUrls(consumedBy('identity')),
  /** Where people reach the product; the links of emails begin with it. */
  VOUCHSAFE_PUBLIC_URL: z.url().transform((url) => url.replace(/\/+$/, '')),
  /** `smtp://user:password@host:port` or `smtps://...`. */
  VOUCHSAFE_SMTP_URL: z
    .url({ protocol: /^smtps?$/ })
    .transform((url) => secret(url))
    .optional(),
  /** Without SMTP: the folder that emails are written to, as .eml files. */
  VOUCHSAFE_MAIL_FOLDER: z.string().min(1).optional(),
  VOUCHSAFE_MAIL_FROM: z.string().default('Vouchsafe <no-reply@vouchsafe.localhost>'),
  /** An operator's own legal documents, in the place of those that ship. */
  VOUCHSAFE_LEGAL_DOCUMENTS_FOLDER: z.string().min(1).optional(),
  /** Folder with `<service>.data-inventory.json` in place of the golden files that ship with the services. */
  VOUCHSAFE_INVENTORY_FOLDER: z.string().min(1).optional(),
  /** Cost of a password's hash; existing hashes follow at the next log-in. */
  VOUCHSAFE_ARGON2_MEMORY_KIB: z.coerce.number().int().min(19_456).default(19_456),
  VOUCHSAFE_ARGON2_PASSES: z.coerce.number().int().min(2).default(2),
  /** Passwords hashed at once; each takes the memory above and a core. */
  VOUCHSAFE_ARGON2_AT_ONCE: z.coerce.number().int().min(1).max(64).default(2),
});
export type IdentityConfig = z.output<typeof identityConfig>;
