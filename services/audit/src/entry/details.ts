import { isJsonObject, type JsonObject } from '@vouchsafe/transparency-log';
import { z } from 'zod';

/** Free JSON, as it came and as it goes out. Not `z.record` and `z.json`: they leave out a member called `__proto__`. */
export const jsonObject = z
  .custom<JsonObject>(isJsonObject, 'must be an object')
  .meta({ type: 'object', additionalProperties: {} });

const LONGEST_NAME = 100;
/** Counted in code points, as JSON Schema counts. */
const detailName = z.string().min(1).max(LONGEST_NAME);

/** A page of 1,000 entries, and an export's page, hold whole entries in memory: so each is bounded. */
const MOST_DETAILS = 16_384;

/** What a sender adds to an entry. */
export const submittedDetails = jsonObject
  .superRefine((details, context) => {
    for (const name of Object.keys(details)) {
      if (!detailName.safeParse(name).success)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `must have a name of 1 to ${LONGEST_NAME} characters`,
        });
    }
  })
  .refine(
    (details) => JSON.stringify(details).length <= MOST_DETAILS,
    `must have at most ${MOST_DETAILS} characters as JSON`,
  )
  .describe(`Whatever else you want to record: at most ${MOST_DETAILS} characters as JSON`)
  .meta({
    type: 'object',
    propertyNames: { type: 'string', minLength: 1, maxLength: LONGEST_NAME },
    additionalProperties: {},
  });
