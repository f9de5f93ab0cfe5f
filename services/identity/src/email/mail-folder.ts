import { Inject, Injectable } from '@nestjs/common';
import { CONFIG } from '@vouchsafe/service-host';
import { open, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { IdentityConfig } from '../identity.config.js';

/** The headers of our emails fit well within this. */
const HEAD_BYTES = 4096;

/** Names of emails; whatever else is in the folder is none of ours. */
const emailFile = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.eml(?:\.part)?$/;

/** The folder that emails are written to on a machine without SMTP; with SMTP there is none, and nothing to remove. */
@Injectable()
export class MailFolder {
  private readonly folder: string | null;

  constructor(@Inject(CONFIG) config: IdentityConfig) {
    this.folder = config.VOUCHSAFE_SMTP_URL ? null : (config.VOUCHSAFE_MAIL_FOLDER ?? null);
  }

  /** Removes the files of these emails, where they are. */
  async removeEmails(emailIds: readonly string[]): Promise<void> {
    if (this.folder === null) return;
    for (const id of emailIds) {
      await rm(path.join(this.folder, `${id}.eml`), { force: true });
      await rm(path.join(this.folder, `${id}.eml.part`), { force: true });
    }
  }

  /** Of all emails whose files are there. */
  async emailIds(): Promise<string[]> {
    if (this.folder === null) return [];
    const ids = (await namesIn(this.folder)).flatMap((name) => emailFile.exec(name)?.[1] ?? []);
    return [...new Set(ids)];
  }

  /** Removes every email to an address: for the erasure of its owner (P10). */
  async removeEmailsTo(address: () => Promise<string | null>): Promise<void> {
    if (this.folder === null) return;
    const wanted = (await address())?.toLowerCase();
    if (wanted === undefined) return;
    for (const name of (await namesIn(this.folder)).filter((one) => /\.eml(\.part)?$/.test(one))) {
      const file = path.join(this.folder, name);
      if ((await addresseeOf(file)) === wanted) await rm(file, { force: true });
    }
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}

async function addresseeOf(file: string): Promise<string | undefined> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    const to = /^to:[ \t]*(?:\r?\n[ \t]+)?(.*)$/im.exec(buffer.subarray(0, bytesRead).toString());
    return to?.[1]
      ?.trim()
      .replace(/^.*<|>$/g, '')
      .toLowerCase();
  } finally {
    await handle.close();
  }
}
