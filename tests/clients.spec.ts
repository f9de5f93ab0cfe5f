import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { python, withoutPython } from '@vouchsafe/testing';
import { type Generated, pythonClient, pythonTools } from './clients/python.ts';
import { run } from './clients/run.ts';
import { typescriptClient } from './clients/typescript.ts';
import { Client } from './system/client.ts';
import { keyScopes, makeApiKey, newPerson, signUp } from './system/people.ts';
import { startForTests, type SystemUnderTest } from './system/running-system.ts';

interface Described {
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
}

/** Clients that other people's programs make of `/openapi.json`: all of it, and they work. */
let system: SystemUnderTest;
let folder: string;
let document: string;
let served: Described;
beforeAll(async () => {
  system = await startForTests();
  folder = await mkdtemp(path.join(tmpdir(), 'vouchsafe-clients-'));
  document = path.join(folder, 'openapi.json');
  served = (await new Client(system.url).must(200, 'GET', '/openapi.json')) as Described;
  await writeFile(document, JSON.stringify(served));
}, 180_000);
afterAll(async () => {
  await system.stop();
  await rm(folder, { recursive: true, force: true });
}, 60_000);

describe('a TypeScript client by @hey-api/openapi-ts', () => {
  let client: Generated;
  beforeAll(async () => {
    client = await typescriptClient(document, path.join(folder, 'typescript'));
  }, 120_000);

  it('has every operation, by its name', () => {
    expect(byName(client.operations)).toEqual(byName(operationsOf(served)));
  });

  it('signs up, logs in, records, lists and exports, and tells one problem from another', async () => {
    const { email, password } = newPerson();
    const env = {
      VOUCHSAFE_URL: system.url,
      MAIL_FOLDER: system.mailFolder,
      EMAIL: email,
      PASSWORD: password,
    };
    expect(JSON.parse(await client.run(env))).toMatchObject({
      key: expect.stringMatching(/^vs_/),
      recorded: 1,
      listed: [{ id: true, details: { rows: 3, nested: [{ any: null }] } }],
      refused: '400 at /entries/0/sourceIp',
      bundle: 'PK',
    });
  }, 120_000);
});

(python() === undefined ? describe.skip : describe)(
  `a Python client by openapi-python-client${withoutPython()}`,
  () => {
    let client: Generated;
    beforeAll(async () => {
      client = await pythonClient(document, path.join(folder, 'python'));
    }, 300_000);

    it('is made without a warning, and has every operation, by its name', () => {
      expect(client.said).toBe('');
      const snake = operationsOf(served).map((one) => ({ ...one, name: snakeCase(one.name) }));
      expect(byName(client.operations)).toEqual(byName(snake));
    });

    it('records, lists, and tells one problem from another', async () => {
      const owner = await signUp(system);
      const { client: backEnd } = await makeApiKey(system, owner.browser, keyScopes);
      const env = { VOUCHSAFE_URL: system.url, API_KEY: backEnd.apiKey ?? '' };
      expect(JSON.parse(await client.run(env))).toEqual({
        documents: 2,
        recorded: 1,
        listed: [{ rows: 3, nested: [{ any: null }] }],
        refused: ['invalid-request', ['/entries/0/sourceIp']],
        unknown: 401,
      });
    }, 120_000);

    it('comes of a document that openapi-spec-validator accepts', async () => {
      const validator = ['-m', 'openapi_spec_validator', document];
      expect(await run(pythonTools(), validator, { cwd: folder })).toContain('OK');
    }, 60_000);
  },
);

function operationsOf({ paths }: Described): Generated['operations'] {
  return Object.entries(paths).flatMap(([template, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({
      name: operationId,
      method: method.toUpperCase(),
      path: template,
    })),
  );
}

/** Python's generator spells parameters in its own way, too. */
function byName(operations: Generated['operations']): string[] {
  return operations
    .map(({ name, method, path: template }) => `${name} ${method} ${template.replaceAll(/\{\w+\}/g, '{}')}`)
    .sort();
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
