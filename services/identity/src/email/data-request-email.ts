/** @promise P10 what whoever asks for something about their personal data is told (Article 12 GDPR) */
import { dataRequestKinds, dataRequestNotices, refusalGrounds, retained } from '@vouchsafe/contracts';
import { z } from 'zod';
import { dateOf, paragraphs, type WrittenEmail } from './email.js';

const told = z.strictObject({
  status: z.literal('told'),
  to: z.string(),
  notice: z.enum(dataRequestNotices),
  kind: z.enum(dataRequestKinds),
  /** Whoever decides: the organization, or the operator. */
  controller: z.string(),
  receivedAt: z.iso.datetime(),
  dueAt: z.iso.datetime(),
  receiptId: z.uuid(),
  /** Of the link that confirms an address. */
  token: z.string().nullable(),
  ground: z.enum(refusalGrounds).nullable(),
  /** Why it was refused or takes longer, or what was done; null where there is nothing to say, or it can no longer be read. */
  words: z.string().nullable(),
  exceptions: z.array(retained),
  /** Until when an archive with the person’s data can be downloaded; null where there is none. */
  archiveUntil: z.iso.datetime().nullable(),
});
/** As lifecycle answers: `nobody` where the address is gone, or the notice no longer holds. */
export const dataRequestNotice = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('nobody') }),
  told,
]);
type Told = z.output<typeof told>;

export function writeDataRequestEmail(told: Told, publicUrl: string): WrittenEmail {
  const { to, notice } = told;
  return { to, ...writers[notice](told, publicUrl) };
}

type Written = Pick<WrittenEmail, 'subject' | 'text'>;
type Writer = (told: Told, publicUrl: string) => Written;

const writers: Readonly<Record<Told['notice'], Writer>> = {
  confirm: ({ token, kind }, publicUrl) => ({
    subject: 'Confirm your request about your personal data',
    text: paragraphs(
      // Nothing that was entered with the request: the address may belong to someone else.
      'Hello,',
      `Someone sent us a request about personal data (${names[kind]}) with this email address. If it was you, confirm it by opening this link within 48 hours:`,
      `${publicUrl}/confirm-request#token=${token ?? ''}`,
      'If it was not you, ignore this email. Nobody reads the request unless the link is opened, and it is deleted.',
    ),
  }),
  received: ({ kind, controller, receivedAt, dueAt, receiptId }, publicUrl) => ({
    subject: `We received your request (${names[kind]})`,
    text: paragraphs(
      'Hello,',
      `${controller} received a request about your personal data (${names[kind]}) on ${dateOf(receivedAt)}. You will be answered by ${dateOf(dueAt)}.`,
      `This address shows how far the request is. Keep it: it works without an account. ${publicUrl}/v1/lifecycle/receipts/${receiptId}`,
    ),
  }),
  'identity-requested': ({ kind, controller, receivedAt }) => ({
    subject: 'Please show who you are',
    text: paragraphs(
      'Hello,',
      `You sent ${controller} a request about your personal data (${names[kind]}) on ${dateOf(receivedAt)}.`,
      `To be sure that the data is yours, ${controller} needs to know who you are and will contact you about how. The time to answer stands still until then.`,
    ),
  }),
  refused: ({ kind, controller, receivedAt, ground, words }) => ({
    subject: `Your request was refused (${names[kind]})`,
    text: paragraphs(
      'Hello,',
      `${controller} does not carry out the request about your personal data (${names[kind]}) of ${dateOf(receivedAt)}.`,
      ...(ground === null ? [] : [`Ground: ${grounds[ground]}.`]),
      ...(words === null ? [] : [`Reasons: ${words}`]),
      // Article 12(4) GDPR.
      'You can lodge a complaint with a data protection authority, in particular where you live or work, or where you think the law was broken. You can also go to court.',
    ),
  }),
  extended: ({ kind, controller, receivedAt, dueAt, words }) => ({
    subject: `Your request takes longer (${names[kind]})`,
    text: paragraphs(
      'Hello,',
      `${controller} needs more time for the request about your personal data (${names[kind]}) of ${dateOf(receivedAt)}. You will be answered by ${dateOf(dueAt)}.`,
      ...(words === null ? [] : [`Reasons: ${words}`]),
    ),
  }),
  // Article 18(3) GDPR.
  'restriction-ends': ({ controller, receivedAt, words }) => ({
    subject: 'The restriction of your data will end',
    text: paragraphs(
      'Hello,',
      `${controller} restricted the processing of your personal data, as you asked on ${dateOf(receivedAt)}. The restriction will be lifted.`,
      ...(words === null ? [] : [`Reasons: ${words}`]),
      'If you disagree, answer before it is lifted, or lodge a complaint with a data protection authority.',
    ),
  }),
  fulfilled: ({ kind, controller, receivedAt, words, exceptions, receiptId, archiveUntil }, publicUrl) => ({
    subject: `Your request was carried out (${names[kind]})`,
    text: paragraphs(
      'Hello,',
      `${controller} has carried out the request about your personal data (${names[kind]}) of ${dateOf(receivedAt)}.`,
      ...(words === null ? [] : [`What was done: ${words}`]),
      ...(archiveUntil === null
        ? []
        : [
            `Your data is in an archive, which is deleted on ${dateOf(archiveUntil)}. If you have an account, log in and download it before: ${publicUrl}. If you have none, ${controller} gives it to you.`,
            'The archive holds personal data: keep it safe.',
          ]),
      ...exceptions.map(
        ({ what, ground, until }) =>
          `What must be kept: ${kept[what]}, until ${dateOf(until)}. Ground: ${keptBecause[ground]}.`,
      ),
      `The record of this, which can be verified, is here: ${publicUrl}/v1/lifecycle/receipts/${receiptId}`,
    ),
  }),
};

const names: Readonly<Record<Told['kind'], string>> = {
  access: 'access to your data',
  portability: 'a copy of your data to take elsewhere',
  rectification: 'correction of your data',
  erasure: 'erasure of your data',
  restriction: 'restriction of processing',
  objection: 'objection to processing',
};

const grounds: Readonly<Record<NonNullable<Told['ground']>, string>> = {
  'identity-not-confirmed': 'it is not certain that the data is yours (Articles 11 and 12(6) GDPR)',
  'not-our-data': 'somebody else decides about this data (Article 4(7) GDPR)',
  'manifestly-unfounded': 'the request is manifestly unfounded (Article 12(5) GDPR)',
  excessive: 'the request is excessive (Article 12(5) GDPR)',
  'legal-obligation': 'the law requires that the data is kept',
  'legal-claims': 'the data is needed for legal claims',
  'rights-of-others': 'it would adversely affect the rights of others',
  'other-law': 'another law applies',
};

const kept: Readonly<Record<Told['exceptions'][number]['what'], string>> = {
  'invoices-at-stripe': 'invoices, at our payment provider',
};
const keptBecause: Readonly<Record<Told['exceptions'][number]['ground'], string>> = {
  'statutory-accounting': 'the law on accounting',
};
