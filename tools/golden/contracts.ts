import { type Contract, everyContract, jsonSchemaOf, serviceNames } from '@vouchsafe/contracts';
import { asyncApiDocument } from '@vouchsafe/messaging';
import { topicOf } from '@vouchsafe/service-host';
import { breaks, type JsonSchema } from './compatibility.ts';
import type { GoldenFile } from './files.ts';

/** A JSON Schema for each version of each contract, and the AsyncAPI document of them all. */
export function contractFiles(): GoldenFile[] {
  const contracts = everyContract();
  const topics = serviceNames.toSorted().map((owner) => ({ name: topicOf(owner), owner }));
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
    text: textOf({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      ...json,
      title: type,
      description: summary,
      'x-personal': marks,
    }),
    refuse: (before) =>
      breaks(JSON.parse(before) as JsonSchema, { ...(json as JsonSchema), 'x-personal': marks }).map(
        (line) => `${line}. A version that has shipped stays: write ${nextVersion(type)} beside it`,
      ),
  };
}

function nextVersion(type: string): string {
  return type.replace(/\d+$/, (version) => String(Number(version) + 1));
}

export function textOf(document: object): string {
  return `${JSON.stringify(document, null, 2)}\n`;
}
