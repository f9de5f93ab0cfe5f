/** @promise P18, P03 the record of processing activities, from the data inventory and the retention policies */
import { keptUnder } from '@vouchsafe/contracts';
import type { Purpose } from '@vouchsafe/event-sourcing';
import type { InventoryLine } from '@vouchsafe/service-host';
import { z } from 'zod';
import type { RetentionPolicyView } from '../retention-policy/read-retention-policies.js';
import { party, type ProcessingSettings } from './processing-settings.js';

const somebody = party
  .nullable()
  .describe('Null where there is none, or none is configured: `missing` says which');

export const processingRecord = z
  .strictObject({
    article: z
      .enum(['30(1)', '30(2)'])
      .describe(
        '`30(1)`: of the operator as controller; `30(2)`: of the operator as processor for an organization',
      ),
    madeAt: z.iso.datetime(),
    operator: somebody.describe('The controller (30(1)), or the processor (30(2))'),
    onBehalfOf: z
      .strictObject({ organizationId: z.uuid(), name: z.string().nullable() })
      .nullable()
      .describe('The controller for which data is processed (30(2)); null in a record of a controller'),
    jointControllers: z.array(party).describe('Those who decide together with the controller (30(1))'),
    representative: somebody,
    dataProtectionOfficer: somebody,
    activities: z
      .array(
        z.strictObject({
          purpose: z.string().describe('As the data inventory names it'),
          description: z.string().describe('The purpose, in a sentence'),
          people: z.array(z.string()).describe('Categories of data subjects'),
          data: z.array(z.string()).describe('Categories of personal data'),
          services: z.array(z.string()).describe('The services that keep it'),
          retention: z.array(z.string()).describe('When it is erased'),
          retentionPolicies: z.array(z.string()).describe('Ids of the retention policies that do so'),
        }),
      )
      .describe('What data is processed for, a purpose each'),
    recipients: z
      .array(
        z.strictObject({
          name: z.string(),
          purpose: z.string().describe('What the recipient gets the data for'),
          country: z.string().describe('Where the recipient is'),
        }),
      )
      .describe('Whoever is given personal data'),
    transfers: z
      .array(
        z.strictObject({
          recipient: z.string().describe('Name of the recipient'),
          country: z.string().describe('The third country'),
          safeguard: z
            .string()
            .nullable()
            .describe('What protects the data there (Article 46 GDPR); null where none is configured'),
        }),
      )
      .describe('Transfers to third countries'),
    measures: z.array(z.string()).describe('Technical and organizational measures (Article 32(1) GDPR)'),
    missing: z
      .array(z.string())
      .describe('What Article 30 asks for and nobody has configured, or nothing carries out'),
  })
  .meta({ id: 'ProcessingRecord' });
export type ProcessingRecord = z.infer<typeof processingRecord>;

interface Given {
  readonly inventory: readonly InventoryLine[];
  readonly policies: readonly RetentionPolicyView[];
  readonly settings: ProcessingSettings;
  readonly madeAt: Date;
  /** The organization for which the operator is the processor; null for the operator's own record. */
  readonly onBehalfOf: ProcessingRecord['onBehalfOf'];
}

export function makeRecord(given: Given): ProcessingRecord {
  const { settings, madeAt, onBehalfOf } = given;
  const { recipients, representative = null, dataProtectionOfficer = null } = settings;
  return {
    article: onBehalfOf === null ? '30(1)' : '30(2)',
    madeAt: madeAt.toISOString(),
    operator: settings.operator ?? null,
    onBehalfOf,
    jointControllers: onBehalfOf === null ? settings.jointControllers : [],
    representative,
    dataProtectionOfficer,
    activities: activitiesOf(given),
    recipients: recipients.map(({ name, purpose, country }) => ({ name, purpose, country })),
    transfers: recipients.flatMap(({ name, country, transfer }) =>
      transfer ? [{ recipient: name, country, safeguard: transfer.safeguard }] : [],
    ),
    measures: [...ourMeasures, ...settings.measures],
    missing: missingIn(given),
  };
}

/** What each purpose of the inventory (P05, P18) means in a record; a purpose without a line does not compile. */
const purposes: Readonly<
  Record<Purpose, { readonly description: string; readonly people: readonly string[] }>
> = {
  account: { description: 'Accounts of the people who use the service', people: ['users'] },
  authentication: { description: 'Log-in, and proof of identity', people: ['users'] },
  contract: {
    description:
      'The service itself: accepted documents, billing, files, legal holds, requests of data subjects',
    people: ['users', 'people who pay for an organization', 'people who make requests about their data'],
  },
  security: {
    description: 'Prevention and investigation of fraud and of unauthorized access',
    people: ['users', 'people who try to log in', 'auditors'],
  },
  'audit-trail': {
    description: 'Record of important events, and of every request to the API',
    people: [
      'users',
      'people whom organizations name in their entries',
      'people who send requests to the API',
    ],
  },
  communication: {
    description: 'Emails about accounts, invitations and requests',
    people: ['users', 'people who are invited', 'people who make requests about their data'],
  },
};

function activitiesOf({ inventory, policies, onBehalfOf }: Given): ProcessingRecord['activities'] {
  const kept = linesOf(inventory, onBehalfOf);
  return Object.entries(purposes).flatMap(([purpose, { description, people }]) => {
    const lines = kept.filter((line) => line.purpose === purpose);
    if (lines.length === 0) return [];
    const ids = policies
      .map(({ policyId }) => policyId)
      .filter((id) => lines.some((line) => line.policies.includes(id)));
    return {
      ...{ purpose, description, people: [...people] },
      data: sorted(lines.map(({ field }) => field)),
      services: sorted(lines.map(({ service }) => service)),
      retention: sorted([
        ...keptUnder(ids),
        ...lines.filter((line) => line.policies.length === 0).map(({ retention }) => retention),
      ]),
      retentionPolicies: ids,
    };
  });
}

/** Who pays, and with which card, the operator must know for itself: there it is no processor (docs/requests.md, 'Who decides'). */
function linesOf(inventory: readonly InventoryLine[], onBehalfOf: Given['onBehalfOf']): InventoryLine[] {
  return inventory.filter(({ service }) => onBehalfOf === null || service !== 'billing');
}

/** What this software does, whatever is configured (Article 32(1) GDPR). */
const ourMeasures = [
  'Personal values are encrypted at the application level, under keys of the organization and of the person concerned',
  'An erasure destroys the key of a person in every service, and each service gives a receipt',
  'Passwords are kept as argon2id hashes; sessions, links and API keys as hashes',
  'Every operation requires a permission, which a role or a scope of an API key grants; what is not granted is refused',
  'Row-level security separates organizations in every database',
  'Every request to the API stands in an access log, and every entry in a transparency log that shows later changes',
  'Messages between services that say anything of a person are encrypted',
  'Backups can be restored; erasures and legal holds are repeated on a restored database before it is used',
] as const;

/** Named, not invented: whoever reads the record must see what it lacks. */
function missingIn(given: Given): string[] {
  const { settings, onBehalfOf } = given;
  const { operator, representative, dataProtectionOfficer, recipients, measures } = settings;
  const isController = onBehalfOf === null;
  const article = isController ? 'Article 30(1)' : 'Article 30(2)';
  const letters = isController
    ? { recipients: '(d)', transfers: '(e)', measures: '(g)' }
    : { recipients: '(c)', transfers: '(c)', measures: '(d)' };
  const lacks = {
    '(a): name and contact of the operator are not configured': !operator,
    '(a): the name of the organization is not known': onBehalfOf?.name === null,
    '(a): contact, representative and data protection officer of the organization are not recorded':
      !isController,
    '(a): it is not configured whether the operator has a representative (Article 27)':
      representative === undefined,
    '(a): it is not configured whether the operator has a data protection officer (Article 37)':
      dataProtectionOfficer === undefined,
    [`${letters.recipients}: no recipients, subprocessors or transfers are configured`]:
      recipients.length === 0,
    [`${letters.measures}: no measures of the operator's own are configured`]: measures.length === 0,
  };
  return [
    ...Object.keys(lacks).filter((what) => lacks[what as keyof typeof lacks]),
    ...recipients
      .filter(({ transfer }) => transfer?.safeguard === null)
      .map(({ name }) => `${letters.transfers}: no safeguard is configured for the transfer to ${name}`),
    // Article 30(2) asks for no time limits.
    ...(isController ? withoutPeriod(given) : []),
  ].map((what) => `${article}${what}`);
}

function withoutPeriod({ inventory, policies }: Given): string[] {
  const used = (id: string) => inventory.some((line) => line.policies.includes(id));
  return [
    ...policies
      .filter(({ policyId, period }) => period === null && used(policyId))
      .map(({ covers, kept }) => `no period is set for ${covers}: kept ${kept}`),
    'what is deleted with an organization has no period in the operator’s own, which does not end',
    ...inventory
      .filter((line) => line.policies.length === 0)
      .map(({ place, field, retention }) => `${field} of ${place} is kept ${retention}`),
  ].map((what) => `(f): ${what}`);
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort((a, b) => a.localeCompare(b, 'en'));
}
