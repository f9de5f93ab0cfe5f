import type { ServiceLogger } from '@vouchsafe/service-host';
import { accountByEmailHash, addressOf, emailHash } from '../email-address.js';
import type { Identity } from '../identity.js';
import { makeLinkToken } from '../link-token.js';
import { type LetterContent, writeLetter } from './letter.js';
import { closeLetter, type DueLetter, postLetter, putOffLetter, takeDueLetters } from './letter-outbox.js';
import type { Mailer } from './mailer.js';

const BATCH = 10;

/** Seconds to the next attempt: 10 s, doubling, an hour at most. A letter is tried until it is sent or its person erased. */
function pauseAfter(attempts: number): number {
  return Math.min(10 * 2 ** (attempts - 1), 3600);
}

/**
 * Sends what is due. A letter goes out at least once: a worker that dies between sending and noting it sends it again, under the
 * same Message-ID.
 * @returns how many letters were taken
 */
export async function sendDueLetters(
  identity: Identity,
  mailer: Mailer,
  publicUrl: string,
  logger: ServiceLogger,
): Promise<number> {
  const { database, vault } = identity;
  const due = await database.asWorker((sql) => takeDueLetters(sql, vault, identity.now(), BATCH));
  for (const letter of due) {
    try {
      await handle(identity, mailer, publicUrl, letter);
    } catch (error) {
      const seconds = pauseAfter(letter.attempts);
      logger.warn(
        { err: error, attempt: letter.attempts, retryInMs: seconds * 1000 },
        'A letter was not sent',
      );
      const until = new Date(identity.now().getTime() + seconds * 1000);
      await database.asWorker((sql) => putOffLetter(sql, letter.letterId, until, codeOf(error)));
    }
  }
  return due.length;
}

async function handle(
  identity: Identity,
  mailer: Mailer,
  publicUrl: string,
  { letterId, content }: DueLetter,
): Promise<void> {
  if (content?.kind === 'password-reset-requested') {
    await answerResetRequest(identity, letterId, content);
    return;
  }
  if (content) await mailer(letterId, writeLetter(content, publicUrl));
  await identity.database.asWorker((sql) => closeLetter(sql, letterId, identity.now()));
}

/** Nobody waits for this, so its time tells nothing about who has an account (ASVS 6.3.8). */
async function answerResetRequest(
  { database, vault, now, newId }: Identity,
  letterId: string,
  { email }: Extract<LetterContent, { kind: 'password-reset-requested' }>,
): Promise<void> {
  const at = now();
  await database.asWorker(async (sql) => {
    const account = await accountByEmailHash(sql, await emailHash(vault, sql, email));
    if (account) {
      const { organizationId, userId } = account;
      // To the address that was verified, never to another spelling of it that somebody typed.
      const address = await addressOf(vault, sql, account);
      if (address === null) throw new Error('An account that can be found has its address');
      const token = await makeLinkToken(sql, {
        organizationId,
        purpose: 'reset-password',
        subjectId: userId,
        at,
      });
      await postLetter(sql, vault, {
        letterId: newId(),
        organizationId,
        subjectId: userId,
        content: { kind: 'reset-password', email: address, token: token.reveal() },
        idempotencyKey: `reset-password:${letterId}`,
        at,
      });
    }
    await closeLetter(sql, letterId, at);
  });
}

/** A short code for operators: nodemailer's (`ECONNECTION`, `EENVELOPE`), a system call's, or the error's class. */
function codeOf(error: unknown): string {
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return 'unknown';
}
