import { describe, expect, it } from '@jest/globals';
import { compareGolden, describeService, serviceUrlVariables } from '@vouchsafe/service-host';
import { identityConfig } from './identity.config.js';
import { identityService } from './identity.service.js';

/** Nothing of it is used: the document is made without the service's dependencies. */
const config = identityConfig.parse({
  VOUCHSAFE_DATABASE_URL: 'postgres://localhost/identity',
  VOUCHSAFE_DATABASE_PASSWORD_REQUEST: 'x',
  VOUCHSAFE_DATABASE_PASSWORD_WORKER: 'x',
  VOUCHSAFE_DATABASE_PASSWORD_RETENTION: 'x',
  VOUCHSAFE_KEK_FILE: 'x',
  VOUCHSAFE_TOMBSTONE_FILE: 'x',
  ...serviceUrlVariables(() => 'http://127.0.0.1:1'),
  VOUCHSAFE_BUS_URL: 'postgres://localhost/bus',
  VOUCHSAFE_OPERATOR_ORGANIZATION_ID: '5b0c7cbd-6b3c-4f0a-9a0e-1f4b7f1d2c99',
  VOUCHSAFE_PUBLIC_URL: 'https://app.example.com',
  VOUCHSAFE_MAIL_FOLDER: 'x',
});

describe("identity's interface", () => {
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
    const document = await describeService(identityService, { ...host, ...config });
    const golden = new URL('../golden/openapi.json', import.meta.url);
    expect(await compareGolden(golden, document, process.env.UPDATE_GOLDEN === '1')).toEqual([]);
  });
});
