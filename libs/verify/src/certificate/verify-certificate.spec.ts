/** @promise P31 a certificate that says what the log does not, or what was not promised, is refused */
import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  append,
  canonicalJson,
  ed25519Signer,
  emptyTree,
  encodeVerifierKey,
  formatTlogProof,
  inclusionProof,
  type Json,
  leafHash,
  rootOf,
  signCheckpoint,
  signNote,
  tilesInMemory,
} from '@vouchsafe/transparency-log';
import { isDocument } from '../signed-document.js';
import { CERTIFICATE, type Certificate } from './certificate.js';
import { type CertificateVerification, verifyCertificate } from './verify-certificate.js';

const [organizationId, erasureId] = [
  '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c01',
  '0d3c3c25-6a0c-4b55-93cd-6a6d2f1f9d11',
];
const endedAt = '2027-01-01T00:00:00.000Z';
const on = (day: number) => new Date(Date.parse(endedAt) + day * 86_400_000).toISOString();
const log = ed25519Signer('ops.example/1234', Buffer.alloc(32, 1));
const signer = ed25519Signer('ops.example/certificates', Buffer.alloc(32, 2));
const keys = [log.key, signer.key];

type Service = Certificate['production']['services'][number];
const services: readonly Service[] = ['identity', 'audit'].map((service) => ({
  ...{ service, keysDestroyed: 2, destroyedAt: on(121), effectiveFrom: on(121.001), kept: [], retained: [] },
  stores: [
    { store: 'events', found: 7, left: 0, method: 'deleted' },
    { store: 'keys', found: 2, left: 0, method: 'key-destroyed' },
  ],
}));

const which = { erasureId, erasedOrganizationId: organizationId };
const receiptOf = (service: Service): Json => ({
  operation: 'lifecycle.organization-erasure-receipt-received',
  details: { ...which, ...service } as unknown as Json,
});
const erased: Json = {
  operation: 'lifecycle.organization-erased-from-production',
  details: { ...which, erasedAt: on(122) },
};
const expired: Json = {
  operation: 'lifecycle.organization-erased-from-backups',
  details: { ...which, recordsFrom: on(-9), expiredAt: on(170) },
};
const logged = [...services.map(receiptOf), erased, expired];

/** Entries of a log, each with its proof under one checkpoint. */
async function proofsOf(entries: readonly Json[]): Promise<{ leaf: string; proof: string }[]> {
  const leaves = entries.map((entry) => Buffer.from(canonicalJson(entry)));
  const hashes = Buffer.concat(leaves.map((leaf) => leafHash(leaf)));
  const { tree } = append(emptyTree, hashes);
  const reader = tilesInMemory(hashes);
  const checkpoint = signCheckpoint(
    { origin: 'ops.example/1234', size: leaves.length, root: rootOf(tree) },
    log.signer,
  );
  return Promise.all(
    leaves.map(async (leaf, index) => ({
      leaf: leaf.toString('base64'),
      proof: Buffer.from(
        formatTlogProof({
          ...{ index, checkpoint },
          hashes: await inclusionProof(reader, index, leaves.length),
        }),
      ).toString('utf8'),
    })),
  );
}

let good: Certificate;
beforeAll(async () => {
  good = {
    ...{
      format: 'vouchsafe-deletion-certificate',
      version: 1,
      organizationId,
      erasureId,
      issuedAt: on(170.1),
    },
    end: { cause: 'subscriptions-ended', endedAt, noticedAt: on(0.1) },
    deadlines: { productionErasedBy: on(210), backupsExpiredBy: on(300) },
    production: { erasedAt: on(122), services },
    backups: {
      ...{ keptDays: 30, intervalDays: 7, recordsFrom: on(-9), expiredAt: on(170) },
      last: { startedAt: on(128), removedAt: on(166) },
    },
    exceptions: [],
    holds: [],
    logs: [{ origin: 'ops.example/1234', vkey: encodeVerifierKey(log.key) }],
    proofs: await proofsOf(logged),
  };
});

function fileOf(certificate: object, title = 'vouchsafe deletion certificate v1', by = signer): Uint8Array {
  return signNote(`${title}\n${canonicalJson(certificate)}\n`, by.signer);
}

function verify(bytes: Uint8Array, given: typeof keys | 'none' = keys): CertificateVerification {
  const source = {
    size: bytes.length,
    read: (offset: number, length: number) => Buffer.from(bytes.subarray(offset, offset + length)),
  };
  expect(isDocument(source, CERTIFICATE)).toBe(true);
  return verifyCertificate(source, given === 'none' ? undefined : given);
}

const hold = (placed: number, released: number) => ({
  ...{ holdId: '7a4b6d0e-3c57-4d0f-9d0c-0d8f5c1c2b11', placedAt: on(placed), releasedAt: on(released) },
});
const why = (verified: CertificateVerification) => ('why' in verified ? verified.why : verified.status);

describe('a certificate of deletion', () => {
  it('holds against the keys of its operator', () => {
    expect(verify(fileOf(good))).toMatchObject({ status: 'holds', signer: 'ops.example/certificates' });
  });

  it('holds by its own keys only where none are given', () => {
    expect(verify(fileOf(good), 'none')).toMatchObject({ status: 'holds-by-its-own-keys' });
    const forged = ed25519Signer('ops.example/certificates', Buffer.alloc(32, 9));
    expect(why(verify(fileOf(good, undefined, forged)))).toContain('not signed by a key');
  });

  it('is refused with any byte changed', () => {
    const bytes = fileOf(good);
    for (let at = 34; at < bytes.length; at += 37) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect([at, ['does-not-hold', 'unreadable']]).toEqual([
        at,
        expect.arrayContaining([verify(changed).status]) as unknown,
      ]);
    }
  });

  it('of a later version is not judged', () => {
    expect(verify(fileOf(good, 'vouchsafe deletion certificate v2'))).toMatchObject({ status: 'unreadable' });
  });

  const identity = (change: Partial<Service>): Service[] =>
    services.map((one) => (one.service === 'identity' ? { ...one, ...change } : one));
  const dishonest: [what: string, change: () => Promise<object> | object, why: string][] = [
    [
      'records that are left',
      () => withServices(identity({ stores: leftOver })),
      '3 records left in "events"',
    ],
    [
      'a service without its keys destroyed',
      () => withServices(identity({ stores: [] })),
      'keys are destroyed',
    ],
    ['an erasure before day 120', () => withServices(identity({ destroyedAt: on(119) })), 'before day 120'],
    ['a service that is not in the log', () => ({ ...withServices([...services, extra]) }), 'no proof is of'],
    ['another count than the log has', () => withServices(identity({ keysDestroyed: 9 })), 'logged another'],
    [
      'a deadline that was missed and is not named',
      () => late(210.5, []),
      'not the deadlines that were missed',
    ],
    [
      'deadlines of its own',
      () => ({ deadlines: { ...good.deadlines, backupsExpiredBy: on(400) } }),
      'later than what is promised',
    ],
    ['a backup that was removed after all had expired', () => backups({ removedAt: on(171) }), 'only after'],
    [
      'backups that were recorded only after the organization had ended',
      () => ({ backups: { ...good.backups, recordsFrom: on(1) } }),
      'backups were recorded only after',
    ],
    [
      'another time from which backups were recorded than the log has',
      () => ({ backups: { ...good.backups, recordsFrom: on(-8) } }),
      'another time is logged from which backups were recorded',
    ],
    ['a hold that ended before it began', () => ({ holds: [hold(121, 120.5)] }), 'was placed only after'],
    ['a hold that delayed nothing', () => ({ holds: [hold(10, 119)] }), 'delayed nothing'],
    ['a hold that outlived the data', () => ({ holds: [hold(10, 123)] }), 'was released only after'],
    [
      'no entry about production',
      async () => ({ proofs: await proofsOf([...services.map(receiptOf), expired]) }),
      'no proof is of',
    ],
    ['entries of another erasure', async () => ({ proofs: await proofsOf(ofAnother) }), 'no proof is of'],
    ['a leaf that is not in the log', () => ({ proofs: moved() }), 'is in the log'],
  ];

  it.each(dishonest)('with %s is refused', async (_, change, reason) => {
    const certificate = { ...good, ...(await change()) };
    expect(why(verify(fileOf(certificate)))).toContain(reason);
  });

  it('that names a missed deadline holds, and says so', async () => {
    const productionLate = { ...good, ...(await late(210.5, ['production-late'])) };
    expect(verify(fileOf(productionLate))).toMatchObject({
      status: 'holds',
      certificate: { exceptions: ['production-late'] },
    });
  });

  it('names the legal holds that delayed it', () => {
    const held = { ...good, holds: [hold(10, 121)] };
    expect(verify(fileOf(held))).toMatchObject({ status: 'holds', certificate: { holds: [hold(10, 121)] } });
  });

  const leftOver: Service['stores'] = [
    { store: 'events', found: 7, left: 3, method: 'deleted' },
    { store: 'keys', found: 2, left: 0, method: 'key-destroyed' },
  ];
  const extra = { ...services[0], service: 'billing' } as Service;
  const ofAnother = logged.map((entry) => {
    const { operation, details } = entry as { operation: string; details: Record<string, Json> };
    return { operation, details: { ...details, erasureId: organizationId } };
  });
  const withServices = (changed: readonly Service[]) => ({
    production: { ...good.production, services: changed },
  });
  const backups = (last: object) => ({
    backups: { ...good.backups, last: { ...good.backups.last, ...last } },
  });
  async function late(day: number, exceptions: string[]): Promise<object> {
    const entries = logged.map((entry) =>
      entry === erased
        ? {
            operation: 'lifecycle.organization-erased-from-production',
            details: { ...which, erasedAt: on(day) },
          }
        : entry === expired
          ? {
              operation: 'lifecycle.organization-erased-from-backups',
              details: { ...which, recordsFrom: on(-9), expiredAt: on(260) },
            }
          : entry,
    );
    return {
      ...{ exceptions, issuedAt: on(261), proofs: await proofsOf(entries) },
      production: { ...good.production, erasedAt: on(day) },
      backups: { ...good.backups, expiredAt: on(260) },
    };
  }
  const moved = () =>
    good.proofs.map(({ leaf }, index) => ({ leaf, proof: good.proofs[(index + 1) % 4]?.proof }));
});
