/** The contracts of a new service, and requests that try its operations in the tests of the whole system. */
import type { Names } from './names.ts';

export function index({ noun }: Names): string {
  return `export * from './${noun}.js';
export * from './dead-letter-settled.js';
export * from './hold-confirmed.js';
export * from './organization-erased.js';
export * from './subject-erased.js';
export * from './values-sealed.js';
`;
}

export function ofNoun({ noun, camel, words }: Names): string {
  return `import { z } from 'zod';
import { contract } from '../contract.js';
import { fact } from '../fact.js';

const which = { ...fact, ${camel}Id: z.uuid() };
/** What the audit log's entry of each of these facts is about. */
const entity = { type: '${noun}', id: '${camel}Id' } as const;

export const ${camel}Created = contract({
  type: 'vouchsafe.${noun}.${noun}-created.v1',
  summary: 'A ${words} was created.',
  entity,
  schema: z.strictObject(which),
});

export const ${camel}Retired = contract({
  type: 'vouchsafe.${noun}.${noun}-retired.v1',
  summary: 'A ${words} was retired.',
  entity,
  schema: z.strictObject(which),
});
`;
}

/** Facts that every service publishes: its receipt of an erasure, and what operators do to its dead letters and stored values. */
export function ofEveryService({ noun }: Names): [file: string, text: string][] {
  const simple = (
    file: string,
    name: string,
    imports: string,
    summary: string,
    { type = `'vouchsafe.${noun}.${file}.v1'`, entity = '' } = {},
  ): [string, string] => [
    file,
    `import { contract } from '../contract.js';
${imports}

export const ${name} = contract({
  type: ${type},
  summary: ${summary},
${entity}  schema,
});
`,
  ];
  return [
    simple(
      'subject-erased',
      'subjectErased',
      `import { ERASURE_RECEIPT_SUMMARY, erasureReceipt as schema } from '../erasure-receipt.js';`,
      'ERASURE_RECEIPT_SUMMARY',
    ),
    simple(
      'organization-erased',
      'organizationErased',
      `import {
  ORGANIZATION_ERASURE_RECEIPT_SUMMARY,
  organizationErasureReceipt as schema,
} from '../erasure-receipt.js';`,
      'ORGANIZATION_ERASURE_RECEIPT_SUMMARY',
    ),
    simple(
      'hold-confirmed',
      'holdConfirmed',
      `import { HOLD_CONFIRMATION_SUMMARY, holdConfirmation as schema } from '../hold.js';`,
      'HOLD_CONFIRMATION_SUMMARY',
      { entity: `  entity: { type: 'hold', id: 'holdId' },\n` },
    ),
    simple(
      'dead-letter-settled',
      'deadLetterSettled',
      `import { DEAD_LETTER_SETTLED_SUMMARY, deadLetterSettled as schema } from '../dead-letter-settled.js';
import { storedNames } from '../stored-names.js';`,
      'DEAD_LETTER_SETTLED_SUMMARY',
      { type: `\`vouchsafe.${noun}.\${storedNames.deadLetterSettled}.v1\`` },
    ),
    simple(
      'values-sealed',
      'valuesSealed',
      `import { VALUES_SEALED_SUMMARY, valuesSealed as schema } from '../values-sealed.js';`,
      'VALUES_SEALED_SUMMARY',
      { entity: `  entity: { type: 'organization', id: 'organizationId' },\n` },
    ),
  ];
}

export function requests({ noun, camel }: Names): string {
  return `import type { Requests } from '../openapi.fixtures.ts';
import { marked, type World } from '../openapi.world.ts';

export const requests: Requests = {
  '${noun}.list': ({ owner }) => ({ as: owner.browser }),
  '${noun}.create': ({ owner }) => ({ as: owner.browser }),
  '${noun}.retire': async (world) => ({ as: world.owner.browser, params: { id: await created(world) } }),
};

async function created(world: World): Promise<string> {
  const { ${camel}Id } = (await world.owner.browser.must(201, 'POST', '/v1/${noun}s')) as { ${camel}Id: string };
  return marked(world, ${camel}Id);
}
`;
}
