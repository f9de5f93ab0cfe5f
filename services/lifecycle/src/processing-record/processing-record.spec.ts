/** @promise P18, P03 the record of processing activities says what is kept, until when, and what it lacks; the list of policies is what is set */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { retentionPolicies } from '@vouchsafe/contracts';
import { readInventories } from '@vouchsafe/service-host';
import { backupsKeptDays } from '../backup/backup-records.js';
import { policiesOf } from '../retention-policy/read-retention-policies.js';
import { makeRecord, processingRecord, type ProcessingRecord } from './make-record.js';
import { type ProcessingSettings, readProcessingSettings } from './processing-settings.js';
import { recordCsv } from './record-csv.js';

const inventory = readInventories(undefined);
const settings = { VOUCHSAFE_AUDIT_RETENTION_MONTHS: 6, VOUCHSAFE_BACKUPS_KEPT_DAYS: 14 };
const policies = policiesOf(inventory, settings);
const customer = { organizationId: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01', name: '=Engines, Ltd' };
const whole = {
  operator: { name: 'Vouchsafe GmbH', contact: 'privacy@example.com' },
  jointControllers: [],
  representative: null,
  dataProtectionOfficer: { name: 'Ada', contact: 'dpo@example.com' },
  recipients: [
    { name: 'Stripe', purpose: 'payments', country: 'US', transfer: { safeguard: 'Data Privacy Framework' } },
    { name: 'Hosting', purpose: 'hosting', country: 'DE', transfer: null },
  ],
  measures: ['Offices are locked'],
} as const satisfies ProcessingSettings;

const recordOf = (
  given: ProcessingSettings,
  onBehalfOf: ProcessingRecord['onBehalfOf'] = null,
): ProcessingRecord =>
  processingRecord.parse(
    makeRecord({ inventory, policies, settings: given, madeAt: new Date(0), onBehalfOf }),
  );

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-record-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('retention policies (P03, P04)', () => {
  const shown = new Map(policies.map((policy) => [policy.policyId, policy]));

  it('show the periods that are set, within their bounds', () => {
    expect(shown.get('audit-log')).toMatchObject({ period: 'P6M', floor: 'P1M', ceiling: 'P12M' });
    expect(shown.get('database-backups')).toMatchObject({ period: 'P14D' });
    expect(shown.get('idempotency-keys')).toMatchObject({ period: 'PT24H', action: 'delete' });
    expect(shown.get('sealed-events')).toMatchObject({ period: null, action: 'destroy-key' });
  });

  it('ship with the period of backups that the service has where nothing is set', () => {
    expect(backupsKeptDays.parse(undefined)).toBe(retentionPolicies['database-backups'].period.days);
    expect(backupsKeptDays.safeParse(retentionPolicies['database-backups'].floor.days - 1).success).toBe(
      false,
    );
  });

  it('name the personal fields that they cover', () => {
    expect(shown.get('ended-sessions')?.fields).toContainEqual({
      ...{ service: 'identity', place: 'session.source_ip_sealed', field: 'IP address of a log-in' },
    });
    expect(shown.get('audit-log')?.purposes).toEqual(['audit-trail']);
  });
});

describe('the record of processing activities (Article 30 GDPR)', () => {
  it('has every personal field of the inventory, under its purpose, with its end', () => {
    const { activities } = recordOf(whole);
    for (const { purpose, field, policies: ids } of inventory) {
      const activity = activities.find((one) => one.purpose === purpose);
      expect(activity?.data).toContain(field);
      expect(activity?.retentionPolicies).toEqual(expect.arrayContaining(ids));
    }
  });

  it('names what nobody has configured, and invents nothing', () => {
    const record = recordOf(readProcessingSettings(undefined));
    expect(record).toMatchObject({ operator: null, recipients: [], transfers: [] });
    const missing = record.missing.join('\n');
    for (const part of ['30(1)(a): name', 'Article 27', 'Article 37', '30(1)(d)', '30(1)(g)'])
      expect(missing).toContain(part);
  });

  it('names what has no period also where all is configured', () => {
    const { missing, transfers } = recordOf(whole);
    expect(missing.every((one) => one.startsWith('Article 30(1)(f)'))).toBe(true);
    expect(missing).toContainEqual(expect.stringContaining('personal values of events'));
    expect(missing).toContainEqual(expect.stringContaining('reason of hold-placed'));
    expect(transfers).toEqual([{ recipient: 'Stripe', country: 'US', safeguard: 'Data Privacy Framework' }]);
  });

  it('is a processor’s for a customer: without the operator’s own billing', () => {
    const record = recordOf(whole, customer);
    expect(record).toMatchObject({ article: '30(2)', onBehalfOf: customer });
    expect(record.activities.flatMap(({ services }) => services)).not.toContain('billing');
    expect(record.missing[0]).toMatch(
      'contact, representative and data protection officer of the organization',
    );
  });

  it('asks for the safeguard of a transfer', () => {
    const recipients = [{ ...whole.recipients[0], transfer: { safeguard: null } }];
    expect(recordOf({ ...whole, recipients }).missing).toContain(
      'Article 30(1)(e): no safeguard is configured for the transfer to Stripe',
    );
  });

  it('is a CSV of a value a row, in which nothing is a formula', () => {
    const lines = recordCsv(recordOf(whole, customer)).split('\r\n');
    expect(lines[0]).toBe('section,item,property,value');
    expect(lines.at(-1)).toBe('');
    expect(lines).toContain('article,,,30(2)');
    expect(lines).toContain(`onBehalfOf,,name,"'=Engines, Ltd"`);
    expect(lines).toContain('representative,,,');
    expect(lines).toContain('recipients,2,country,DE');
    expect(lines).toContain('activities,1,purpose,account');
  });
});

describe('the file of the record', () => {
  it('is read as it is written', async () => {
    const file = path.join(folder, 'record.json');
    await writeFile(file, JSON.stringify(whole));
    expect(readProcessingSettings(file)).toEqual(whole);
  });

  it('stops the start where it says something else', async () => {
    const file = path.join(folder, 'wrong.json');
    await writeFile(file, JSON.stringify({ ...whole, operator: { name: 'Vouchsafe' } }));
    expect(() => readProcessingSettings(file)).toThrow(
      /VOUCHSAFE_PROCESSING_RECORD_FILE: operator\.contact:/,
    );
    expect(() => readProcessingSettings(path.join(folder, 'none.json'))).toThrow('cannot be read as JSON');
  });
});
