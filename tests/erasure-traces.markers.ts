import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { everyContract, innerServiceNames } from '@vouchsafe/contracts';
import { root } from './system/root.ts';

/** What a test plants in the place of a person's own words, and looks for afterwards. */
export interface Marker {
  readonly text: string;
  /** Where it was planted. */
  readonly field: string;
}

/** A set of markers, one for each field. */
export function markers() {
  const planted = new Map<string, Marker>();
  const keep = (field: string, make: (random: string) => string): string => {
    const known = planted.get(field);
    if (known) return known.text;
    const text = make(randomBytes(6).toString('hex'));
    planted.set(field, { text, field });
    return text;
  };
  return {
    all: (): readonly Marker[] => [...planted.values()],
    isIn: (words: string): boolean => [...planted.values()].some(({ text }) => words.includes(text)),
    /** The same words once more, in another field. */
    same: (field: string, text: string): void => void planted.set(field, { text, field }),
    /** In lower case, as addresses are compared. */
    text: (field: string) => keep(field, (random) => `mark-${random}`),
    email: (field: string) => keep(field, (random) => `mark-${random}@example.com`),
    /** Of the prefix for documentation (RFC 3849), in the one spelling that RFC 5952 gives it. */
    ip: (field: string) =>
      keep(
        field,
        (random) =>
          `2001:db8:${(random.match(/.{4}/g) ?? []).map((group) => `a${group.slice(1)}`).join(':')}:a:b:c`,
      ),
  };
}

/** Every free text that some operation takes from outside: `<operation> <where>.<path>`. */
export function freeTexts(): string[] {
  return innerServiceNames.flatMap((service) => {
    const file = path.join(root, 'services', service, 'golden/openapi.json');
    const { paths, components } = JSON.parse(readFileSync(file, 'utf8')) as Document;
    const at = (schema: Schema | undefined, steps: readonly string[]): string[] => {
      if (!schema) return [];
      const named = schema.$ref?.split('/').at(-1);
      if (named !== undefined) return at(components.schemas[named], steps);
      const alternatives = [...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
      const isText = schema.type === 'string' && !schema.enum && !closedFormats.has(schema.format ?? '');
      return [
        ...alternatives.flatMap((one) => at(one, steps)),
        ...(isText ? [steps.join('.')] : []),
        ...Object.entries(schema.properties ?? {}).flatMap(([name, inner]) => at(inner, [...steps, name])),
        ...at(schema.items, [...steps, '*']),
        ...(typeof schema.additionalProperties === 'object' ? [[...steps, '*'].join('.')] : []),
      ];
    };
    return Object.values(paths)
      .flatMap((methods) => Object.values(methods))
      .filter((operation) => operation['x-permission'] !== 'service')
      .flatMap((operation) => {
        const body = at(operation.requestBody?.content['application/json']?.schema, ['body']);
        const others = (operation.parameters ?? [])
          .filter((parameter) => parameter.in !== 'header')
          .flatMap((parameter) => at(parameter.schema, [parameter.in, parameter.name]));
        return [...new Set([...body, ...others])].map((field) => `${operation['x-operation']} ${field}`);
      });
  });
}

const closedFormats: ReadonlySet<string> = new Set(['uuid', 'date-time', 'date']);

/** Every field that a contract marks as a person's; what is about nobody known is out of an erasure's reach. */
export function personalFieldsOfContracts(): { readonly type: string; readonly path: readonly string[] }[] {
  return everyContract().flatMap(({ type, personal }) =>
    personal.flatMap(({ path: steps, subject }) => (subject === null ? [] : [{ type, path: steps }])),
  );
}

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly format?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface DocumentOperation {
  readonly 'x-operation': string;
  readonly 'x-permission': string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema?: Schema }>> };
  readonly parameters?: readonly { readonly in: string; readonly name: string; readonly schema?: Schema }[];
}
