/** @promise P31 no path destroys customers' data past a legal hold */
import { describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { filesOf } from '../docs/files.ts';
import { type DestructivePath, destructivePathsIn } from './destructive-paths.ts';

const root = path.resolve(import.meta.dirname, '../..');

/** The port: it asks the holds for every store. */
const PORT = 'libs/service-host/src/data-stores/';

/** Rows whose loss loses nothing of a customer's: what they say stands elsewhere, or was never more than a means. */
const technical: Readonly<Record<string, string>> = {
  attempt_limit: 'counts attempts for two hours',
  email_limit: 'counts emails for a day',
  log_in_throttle: 'counts failed log-ins',
  idempotency_key: 'answers of a day to repeated requests',
  session: 'ended; that it was there stands in the events',
  link_token: 'a link of an email that was used or has expired',
  log_in_challenge: 'half of a log-in',
  password: 'a credential: access ends whatever is held; nobody can read it',
  authenticator: 'a credential',
  recovery_code: 'a credential',
  member: 'a read model of the organization’s events',
  intent: 'a read model of what is to be asked of Stripe; the events stay',
  stripe_object: 'where to look at Stripe',
  unknown_body:
    'since when a body has no attachment; it goes with the body, or when its attachment is there again',
  purge_check: 'a question to Stripe that is answered',
  inbox: 'where to look at Stripe; what was found there stays',
  export_subject: 'of a bundle that is being made again',
  open_entry: 'becomes an event in the same transaction',
  gateway_instance: 'a process of ours',
  group_member: 'a process of ours',
  cursor: 'a position of a program',
};

/** What else destroys outside of the port, and why it need not ask. */
const elsewhere: Readonly<Record<string, string>> = {
  'services/identity/src/email/mail-folder.ts':
    'called by the port, and for emails that housekeeping has removed',
  'services/audit/src/erasure/remove-log.ts': 'deletes by the port; the rest are questions',
  'services/audit/src/export/remove-bundles.ts':
    'ends bundles by the port, or by time: bundles are copies of the log',
  'services/audit/src/retention/remove-entries.ts':
    'called by the port, and by retention runs, in transactions that have asked',
  'services/identity/src/erasure/emails-store.ts': 'called by the port',
  'services/lifecycle/src/lifecycle.stores.ts': 'deletes by the port; the rest are questions',
  'services/lifecycle/src/attachment/attachments.ts':
    'what was never received whole, or was deleted by somebody, who was asked (delete-attachment.ts)',
  'services/lifecycle/src/return/assemble-returns.ts':
    'parts that were never whole, or of archives that have expired or were deleted: the holds were asked before (delete-return.ts)',
  'services/lifecycle/src/attachment/folder-body-store.ts':
    'called by the port, and for bodies without an attachment',
  'services/lifecycle/src/attachment/s3-body-store.ts':
    'called by the port, and for bodies without an attachment',
  'services/billing/src/erasure/customers-store.ts': 'called by the port',
  'services/billing/src/payment-method/change-payment-method.ts':
    'a means of payment at another company: its owner ends it; that it was there stands in the events',
  'libs/vault/src/destruction.ts': 'called by the port and by a restore',
  'libs/vault/src/transit-keys.ts': 'messages on the bus are copies',
  'libs/vault/src/vault.ts': 'messages on the bus are copies',
  'libs/vault/src/migrations.ts': 'messages on the bus are copies',
  'libs/event-store/src/migrations.ts': 'called by the port',
  'libs/service-host/src/persistence/transit-keys.ts': 'messages on the bus are copies',
  'libs/messaging/src/embedded/migrations.ts': 'messages on the bus are copies',
  'libs/messaging/src/consumer/settle-dead-letters.ts':
    'replayed ones have taken effect; for those that are discarded the command asks (dead-letters-command.ts)',
  // Nothing is lost.
  'libs/event-store/src/marked-later.ts': 'seals values in place',
  'libs/vault/src/rotation.ts': 'everything that the key had wrapped is wrapped by a newer one',
  'libs/vault/src/local-key-provider.ts': 'a draft of a file of keys',
  'services/audit/src/export/export-worker.ts': 'bundles are copies of the log',
  'services/audit/src/export/make-bundle.ts': 'bundles are copies of the log',
  'services/lifecycle/src/request/enter-request.ts':
    'the keyed hash of an address that is confirmed: it stood there to count emails; the address stays in the events',
  'services/identity/src/email/email-outbox.ts':
    'an email that was sent; its address and what it was about stand in the events',
  'services/identity/src/member/end-membership.ts':
    'credentials: access ends whatever is held; the events stay',
  'services/identity/src/housekeeping/housekeeping.ts': 'the transaction of technical rows; the others ask',
  'services/billing/src/price/price-catalog.ts': 'prices are the operator’s',
  'services/billing/src/stripe-key/stripe-key.aggregate.ts':
    'a credential at another company: its owner ends it',
  'services/billing/src/stripe-key/remove-stripe-key.ts':
    'the same credential, where the operator switched such keys off (P22)',
  'tools/backup/backup.ts': 'backups are copies',
  'tools/backup/restore.ts':
    'repeats what was carried out; holds are taken into account (ledgers-of-others.ts)',
};

/** Programs for tests and development, which never see a customer's data, and the verifier, whose files are its user's. */
const neverInProduction =
  /\.(spec|fixture)\.|\/testing\/|^libs\/(testing|verify)\/|^tools\/(?!backup|data|dead-letters|keys)/;

const files = filesOf(root, '{libs,services,tools}/**/*.{ts,mjs}').filter(
  (file) => !neverInProduction.test(file) && !file.startsWith(PORT),
);
const found = files.flatMap((file) => destructivePathsIn(file, readFileSync(path.join(root, file), 'utf8')));

function isExcused({ file, what }: DestructivePath): boolean {
  return file in elsewhere || (what.startsWith('delete from ') && what.slice(12) in technical);
}

describe('whatever destroys data', () => {
  it('asks the legal holds, by the port or by `destroying`, or has a reason why it need not', () => {
    expect(files.length).toBeGreaterThan(400);
    expect(found.filter((one) => !isExcused(one))).toEqual([]);
  });

  it('has no reason that is not needed any more', () => {
    const tables = found.map(({ what }) => what.replace('delete from ', ''));
    expect(Object.keys(technical).filter((table) => !tables.includes(table))).toEqual([]);
    const withPaths = new Set(found.map(({ file }) => file));
    expect(Object.keys(elsewhere).filter((file) => !withPaths.has(file))).toEqual([]);
  });
});

describe('a path that does not ask', () => {
  const whatIn = (text: string) =>
    destructivePathsIn('services/x/src/planted.ts', text).map(({ what }) => what);

  it.each([
    ['await database.asRetention((sql) => work(sql));', 'asRetention'],
    ["await sql.query('delete from customer where id = $1', [id]);", 'delete from customer'],
    ['await sql.query(`delete from ${table} where id = $1`, [id]);', 'delete from ?'],
    [
      'await sql.query(`with gone as (DELETE\n  FROM only invoice returning id) select 1`);',
      'delete from invoice',
    ],
    ["await sql.query('truncate customer');", 'truncate customer'],
    ["await sql.query('update export set status = 1, sealed_key = null');", 'clear sealed_key'],
    ['await vault.destroySubject(sql, scope, at);', 'destroySubject'],
    ['await vault.destroyOrganization(sql, id);', 'destroyOrganization'],
    ["await rm(path.join(folder, 'attachment'));", 'rm'],
    ['await fs.unlink(file);', 'unlink'],
    ['await entityManager.nativeDelete(Customer, { id });', 'nativeDelete'],
    ['await stripe.customers.del(id, {}, options);', 'customers.del'],
    ['await stripe.paymentMethods.detach(id, {}, options);', 'paymentMethods.detach'],
    ['await client.send(new DeleteObjectsCommand({ Bucket, Delete }));', 'DeleteObjectsCommand'],
    [
      'const planted = async (bodies: BodyStore) => { await bodies.remove(id); };',
      'remove of a store of bodies',
    ],
    [
      'class Planted { constructor(private readonly kept: BodyStore) {} go() { return this.kept.remove(id); } }',
      'remove of a store of bodies',
    ],
    // Beside the work of a transaction that asks, not in it.
    ['await destroying(database, what, work); await rm(file);', 'rm'],
  ])('is found: %s', (text, what) => {
    expect(whatIn(text)).toEqual([what]);
  });

  it.each([
    "await destroying(database, what, (sql) => sql.query('delete from customer where id = $1', [id]));",
    "await destroyingAcross(database, (sql, held) => sql.query('delete from email where x', [held]));",
    'await destroy.outside(() => stripe.customers.del(id, {}, options));',
    'const planted = (bodies: BodyStore, list: Set<string>) => list.remove(id);',
    'grant`select, delete on customer to retention`;',
    'before`create trigger x before truncate on event`;',
  ])('is told from one that does: %s', (text) => {
    expect(whatIn(text)).toEqual([]);
  });
});
