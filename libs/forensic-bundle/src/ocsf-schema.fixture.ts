import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { pythonEnvironment } from '@vouchsafe/testing';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { OCSF_VERSION } from './ocsf.js';

/**
 * OCSF's published schema, from a package that carries it (`ocsf/requirements.txt`). Needs Python.
 */
export type OcsfSchema = {
  /** What is wrong with an event by the schema of its class; empty where nothing is. */
  readonly faultsOf: (event: OcsfEvent) => string[];
};

export type OcsfEvent = { readonly class_uid: number; readonly [attribute: string]: unknown };

const OURS = join(import.meta.dirname, '../ocsf');
const CLASSES = ['authentication', 'entity_management,host', 'api_activity'];

export function ocsfSchema(): OcsfSchema {
  const described = JSON.parse(
    execFileSync(
      pythonEnvironment('ocsf', join(OURS, 'requirements.txt')),
      [join(OURS, 'schema.py'), OCSF_VERSION, ...CLASSES],
      {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      },
    ),
  ) as Record<string, { schema: object; enumerations: Enumerations }>;
  const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
  // What is deprecated is still in the schema; we use none of it.
  ajv.removeKeyword('deprecated');
  ajv.addKeyword({ keyword: 'deprecated', validate: (isDeprecated: boolean) => !isDeprecated });
  const classes = new Map(
    Object.entries(described).map(([uid, { schema, enumerations }]) => [
      Number(uid),
      { validate: ajv.compile(schema), enumerations },
    ]),
  );
  return {
    faultsOf: (event) => {
      const found = classes.get(event.class_uid);
      if (!found) return [`class ${event.class_uid}`];
      return [...faultsBy(found.validate, event), ...otherWords(found.enumerations, event)];
    },
  };
}

type Enumerations = Record<string, { sibling: string; captions: Record<number, string> }>;

function faultsBy(validate: ValidateFunction, event: OcsfEvent): string[] {
  if (validate(event)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message ?? ''} ${JSON.stringify(params)}`,
  );
}

/** The word beside a number is the schema's, unless the number is 99: then it is the source's own. */
function otherWords(enumerations: Enumerations, event: OcsfEvent): string[] {
  return Object.entries(enumerations).flatMap(([name, { sibling, captions }]) => {
    const [number, word] = [event[name], event[sibling]];
    // Their types are the schema's matter.
    if (typeof number !== 'number' || number === 99 || typeof word !== 'string') return [];
    return word === captions[number] ? [] : [`${sibling} ${word} beside ${name} ${number}`];
  });
}
