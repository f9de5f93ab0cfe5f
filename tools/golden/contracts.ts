import { auditFacts, type Contract, gatewayFacts, identityFacts, jsonSchemaOf } from '@vouchsafe/contracts';
import { asyncApiDocument } from '@vouchsafe/messaging';
import { breaks, type JsonSchema } from './compatibility.ts';
import type { GoldenFile } from './files.ts';

/** Every contract of the published language. */
export function everyContract(): Contract[] {
  return [identityFacts, gatewayFacts, auditFacts].flatMap((facts) => Object.values(facts).filter(isContract));
}

/** A JSON Schema for each version of each contract, and the AsyncAPI document of them all. */
export function contractFiles(): GoldenFile[] {
  const contracts = everyContract();
  const owners = [...new Set(contracts.map(({ owner }) => owner))].sort();
  const topics = owners.map((owner) => ({ name: `vouchsafe.${owner}`, owner }));
  return [
    ...contracts.map(schemaFile),
    { path: 'libs/contracts/golden/asyncapi.json', text: textOf(asyncApiDocument(contracts, topics)) },
  ];
}

function schemaFile({ type, summary, schema, personal }: Contract): GoldenFile {
  const marks = personal.map(({ path, purpose, subject }) => ({ path: path.join('.'), purpose, subject }));
  const json = jsonSchemaOf(schema, { io: 'input' });
  return {
    path: `libs/contracts/golden/${type}.json`,
    text: textOf({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...json, title: type, description: summary, 'x-personal': marks }),
    refuse: (before) =>
      breaks(JSON.parse(before) as JsonSchema, { ...(json as JsonSchema), 'x-personal': marks }).map((line) => `${line}. A version that has shipped stays: write ${nextVersion(type)} beside it`),
  };
}

function nextVersion(type: string): string {
  return type.replace(/\d+$/, (version) => String(Number(version) + 1));
}

function isContract(value: unknown): value is Contract {
  return typeof value === 'object' && value !== null && 'type' in value && 'owner' in value && 'schema' in value;
}

export function textOf(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
