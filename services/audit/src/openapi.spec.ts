import { describe, expect, it } from '@jest/globals';
import { compareGolden, describeService, serviceUrlVariables } from '@vouchsafe/service-host';
import { auditConfig } from './audit.config.js';
import { auditService } from './audit.service.js';

/** Nothing of it is used: the document is made without the service's dependencies. */
const config = auditConfig.parse({
  VOUCHSAFE_DATABASE_URL: 'postgres://localhost/audit',
  VOUCHSAFE_DATABASE_PASSWORD_REQUEST: 'x',
  VOUCHSAFE_DATABASE_PASSWORD_WORKER: 'x',
  VOUCHSAFE_DATABASE_PASSWORD_RETENTION: 'x',
  VOUCHSAFE_KEK_FILE: 'x',
  VOUCHSAFE_TOMBSTONE_FILE: 'x',
  VOUCHSAFE_BUS_URL: 'postgres://localhost/bus',
  VOUCHSAFE_OPERATOR_ORGANIZATION_ID: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99',
  VOUCHSAFE_PUBLIC_URL: 'https://app.example.com',
  VOUCHSAFE_FILES_FOLDER: 'x',
  ...serviceUrlVariables(() => 'http://127.0.0.1:1'),
});

describe("audit's interface", () => {
  it('is the golden OpenAPI document (UPDATE_GOLDEN=1 writes it)', async () => {
    const host = {
      VOUCHSAFE_ENVIRONMENT: 'testing',
      VOUCHSAFE_HOST: '127.0.0.1',
      PORT: 0,
      VOUCHSAFE_LOG_LEVEL: 'silent',
      VOUCHSAFE_INTERNAL_PUBLIC_KEYS_FILE: 'x',
      VOUCHSAFE_INTERNAL_PRIVATE_KEY_FILE: 'x',
      VOUCHSAFE_BODY_LIMIT: 1_048_576,
      VOUCHSAFE_STOP_SECONDS: 20,
    } as const;
    const document = await describeService(auditService, { ...host, ...config });
    const golden = new URL('../golden/openapi.json', import.meta.url);
    expect(await compareGolden(golden, document, process.env.UPDATE_GOLDEN === '1')).toEqual([]);
  });
});
