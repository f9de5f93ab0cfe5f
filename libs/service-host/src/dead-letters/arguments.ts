/** What the command about dead letters takes. No imports: `npm run dead-letters` reads it before anything is built. */
export const options = {
  organization: { type: 'string' },
  message: { type: 'string' },
  reason: { type: 'string' },
  by: { type: 'string' },
} as const;

const verbs = ['list', 'replay', 'discard'] as const;
export type Verb = (typeof verbs)[number];

/** @param more options that a command has besides, and what explains them */
export function usageOf(command: string, more = { options: '', explained: '' }): string {
  return `Usage: ${command} list [--organization ID]${more.options}
       ${command} replay  --organization ID | --message ID  [--reason TEXT] [--by NAME]${more.options}
       ${command} discard --organization ID | --message ID  [--reason TEXT] [--by NAME]${more.options}

Facts that a service could not handle wait as dead letters, with all that came after them of the same organization.

  list     shows dead letters, oldest first, without the values in them
  replay   gives messages their effects, in their order, until one fails again
  discard  removes messages without their effect

  --organization  all of its dead letters
  --message       the one with this id, as list shows it
  --reason        why; asked for where it is not given
  --by            your name; the login's where it is not given${more.explained}`;
}

/** The one word that says what to do; undefined where it is none of them, or not the only one. */
export function verbOf([word, ...more]: readonly string[]): Verb | undefined {
  return more.length > 0 ? undefined : verbs.find((verb) => verb === word);
}
