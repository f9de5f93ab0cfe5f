import { beforeAll, describe, expect, it } from '@jest/globals';
import { innerServiceNames, jsonSchemaOf } from '@vouchsafe/contracts';
import { type CheckedInput, checkedInputs, hostConfig, plainLine } from '@vouchsafe/service-host';
import fc from 'fast-check';
import { z } from 'zod';
import { API_DOCUMENT, DocsController } from '../services/gateway/src/docs/docs.controller.ts';
import { definitionOf } from '../tools/golden/services.ts';
import { fitting, hostile, type Json, type Schema, variations } from './agreement.samples.ts';
import { root } from './system/root.ts';

interface Said {
  readonly where: string;
  readonly issue: z.core.$ZodIssue;
  readonly isBranch: boolean;
}

/** The messages for every way in which the inputs of all services can be invalid. */
let said: Said[];
const { localeError } = z.locales.en();

beforeAll(async () => {
  const inputs = await inputsOfGateway();
  for (const name of innerServiceNames) {
    const { definition, config } = await definitionOf(root, name, 'src');
    inputs.push(...(await checkedInputs(definition, config)));
  }
  said = inputs.flatMap((input) => complaintsAbout(input.schema, input));
}, 60_000);

describe('a refused input', () => {
  it('gets no message of zod, wherever it is invalid', () => {
    expect(said.filter(isOfZod).map(shown)).toEqual([]);
  });

  // For a union the caller gets one message; those of its branches are not sent.
  const answered = () => said.filter(({ isBranch }) => !isBranch);

  it('gets a message that says what is wrong', () => {
    const vague = /^(is not valid|has the wrong type|does not have the required form|does not fit any)/;
    expect(
      answered()
        .filter(({ issue }) => vague.test(issue.message))
        .map(shown),
    ).toEqual([]);
  });

  it('gets a message that is a predicate of the field’s name', () => {
    const predicate = /^(must|is|has) [^]*[^. ]$/;
    expect(
      answered()
        .filter(({ issue }) => !predicate.test(issue.message))
        .map(shown),
    ).toEqual([]);
  });

  it('gets one sentence for an empty text', () => {
    const read = plainLine(9).safeParse('');
    expect(read.error?.issues.map(({ message }) => message)).toEqual(['must not be empty']);
  });

  it('is tried with every kind of issue that our schemas can have', () => {
    expect([...new Set(said.map(({ issue }) => kindOf(issue)))].sort()).toEqual([
      'custom',
      'invalid_format date',
      'invalid_format datetime',
      'invalid_format email',
      'invalid_format regex',
      'invalid_format url',
      'invalid_format uuid',
      'invalid_type',
      'invalid_union',
      'invalid_value',
      'too_big array',
      'too_big int',
      'too_big number',
      'too_big string',
      'too_small array',
      'too_small number',
      'too_small string',
      'unrecognized_keys',
    ]);
  });
});

describe('the comparison', () => {
  it('finds zod’s messages where ours are not used', () => {
    const ours = z.config().customError;
    const schema = z.strictObject({ name: z.string().min(1), tags: z.array(z.int().max(3)).max(1) });
    try {
      z.config({ customError: undefined });
      const complaints = complaintsAbout(schema, { operation: 'any', place: 'body' });
      expect(complaints).not.toEqual([]);
      expect(complaints.every(isOfZod)).toBe(true);
    } finally {
      z.config({ customError: ours });
    }
    expect(complaintsAbout(schema, { operation: 'any', place: 'body' }).some(isOfZod)).toBe(false);
  });
});

/** The gateway passes bodies on unread; only its own pages have inputs. */
function inputsOfGateway(): Promise<CheckedInput[]> {
  const pages = {
    module: DocsController,
    controllers: [DocsController],
    providers: [{ provide: API_DOCUMENT, useValue: {} }],
  };
  const config = { VOUCHSAFE_BODY_LIMIT: 1024 } as z.output<typeof hostConfig>;
  return checkedInputs({ name: 'gateway', title: 'Pages', config: hostConfig, module: () => pages }, config);
}

/** Each valid input is made invalid: other types, lengths and sizes at each of its values, a field more, a field less. */
function complaintsAbout(
  schema: z.ZodType,
  { operation, place }: Pick<CheckedInput, 'operation' | 'place'>,
): Said[] {
  const { $defs = {}, ...described } = jsonSchemaOf(schema, { io: 'input' });
  const samples = fc.sample(fitting(described as Schema, $defs as Readonly<Record<string, Schema>>), {
    numRuns: 12,
    seed: 7,
  });
  const long = [Array<Json>(1001).fill('x'), 'x'.repeat(10_000)];
  const broken = [undefined, ...samples.flatMap((sample) => variations(sample, [...hostile, ...long]))];
  const found = new Map<string, Said>();
  for (const value of broken) {
    const { error } = schema.safeParse(value, { reportInput: true });
    for (const one of error?.issues ?? [])
      for (const issue of withBranches(one)) {
        const isBranch = issue !== one;
        found.set(`${isBranch} ${kindOf(issue)} ${issue.message}`, {
          ...{ where: `${operation} ${place}`, issue, isBranch },
        });
      }
  }
  return [...found.values()];
}

/** The issue of a union, and those of its branches. */
function withBranches(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  return issue.code === 'invalid_union' ? [issue, ...issue.errors.flat().flatMap(withBranches)] : [issue];
}

function kindOf(issue: z.core.$ZodIssue): string {
  const { code, origin, format } = issue as { code: string; origin?: string; format?: string };
  return [code, code === 'invalid_format' ? format : origin].filter(Boolean).join(' ');
}

function isOfZod({ issue }: Said): boolean {
  const own = localeError(issue as z.core.$ZodRawIssue);
  return issue.message === (typeof own === 'string' ? own : own?.message);
}

function shown({ where, issue }: Said): string {
  return `${where} /${issue.path.join('/')}: ${issue.message.slice(0, 120)}`;
}
