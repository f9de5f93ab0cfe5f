/** The arguments of `dead-letters`. No imports: `npm run dead-letters` loads this file before anything is built. */
export const options = {
  organization: { type: 'string' },
  message: { type: 'string' },
  reason: { type: 'string' },
  by: { type: 'string' },
} as const;

const verbs = ['list', 'replay', 'discard'] as const;
export type Verb = (typeof verbs)[number];

/** @param more further options of a command, and their explanation */
export function usageOf(command: string, more = { options: '', explained: '' }): string {
  return `Usage: ${command} list [--organization ID]${more.options}
       ${command} replay  --organization ID | --message ID  [--reason TEXT] [--by NAME]${more.options}
       ${command} discard --organization ID | --message ID  [--reason TEXT] [--by NAME]${more.options}

Facts that a service could not handle wait as dead letters, with all that came after them of the same organization.

  list     shows dead letters, oldest first, without the values in them
  replay   carries out the effects of messages, in their order, until one fails again
  discard  removes messages without their effect

  --organization  all dead letters of this organization
  --message       the dead letter with this id, as list shows it
  --reason        why; asked for where it is not given
  --by            your name; by default your login name${more.explained}`;
}

/** The verb, if it is a known one and the only positional argument. */
export function verbOf([word, ...more]: readonly string[]): Verb | undefined {
  return more.length > 0 ? undefined : verbs.find((verb) => verb === word);
}
