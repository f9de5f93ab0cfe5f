/*
 * What of an error may be written down. Postgres repeats in the errors of class 22 (data exception) the value that it was given, be it
 * forged or somebody's: these are told by their code alone (P22).
 */

export interface ErrorWords {
  readonly message: string;
  /** The error's frames, and those of what caused it. */
  readonly stack: string;
}

export function errorWords(error: Error): ErrorWords {
  const chain = chainOf(error);
  const repeated = chain.filter(repeatsValue).map(({ message }) => message);
  const said = chain.map((one) => {
    const hidden = repeated.some((words) => one.message.includes(words));
    return hidden
      ? withoutWords(one, chain.find(repeatsValue))
      : { message: one.message, stack: one.stack ?? '' };
  });
  return { message: said[0]?.message ?? '', stack: said.map(({ stack }) => stack).join('\ncaused by: ') };
}

function chainOf(error: Error): Error[] {
  const chain: Error[] = [];
  for (let cause: unknown = error; cause instanceof Error && !chain.includes(cause); cause = cause.cause)
    chain.push(cause);
  return chain;
}

function codeOf(error: Error | undefined): string {
  return error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** SQLSTATE class 22 (Postgres manual, appendix A). */
function repeatsValue(error: Error): boolean {
  return /^22[0-9A-Z]{3}$/.test(codeOf(error));
}

/** Frames come after the message, whose lines may look like some; where it is not found, nothing is known of where it ends. */
function withoutWords({ name, message, stack = '' }: Error, postgres: Error | undefined): ErrorWords {
  const instead = `Postgres refused a value with ${codeOf(postgres)}`;
  const begin = stack.indexOf(message);
  const frames = begin < 0 ? '' : stack.slice(begin + message.length);
  return { message: instead, stack: `${name}: ${instead}${frames}` };
}
