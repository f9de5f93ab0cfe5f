import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/*
 * How every command of this repository reads its arguments. It imports only from Node: tools load it before anything is built. A few
 * programs have lines of their own for this: the verifier (libs/verify shares only the log's code, ADR 0027), and what must run on an
 * older Node (tools/bootstrap.mjs, libs/verify/single-file.mjs).
 */

/** A failure that the user of the command can put right. Its message says what to do, and is printed without a stack. */
export class Refusal extends Error {}

/** The arguments are wrong: the usage is printed, and nothing was done. */
export class UsageError extends Refusal {}

/** EX_USAGE of sysexits.h, as the verifier has it. */
const EX_USAGE = 64;

export interface Command<Options extends ParseArgsOptionsConfig> {
  /** Begins with `Usage: `, and explains every option. */
  readonly usage: string;
  readonly options: Options;
  /** Whether it takes arguments that are not options. */
  readonly takesPositionals?: boolean;
}

export type Given<Options extends ParseArgsOptionsConfig> = Pick<
  ReturnType<typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true }>>,
  'values' | 'positionals'
>;

/**
 * Runs a command on the arguments of this process, and sets the exit code: 0 when it did its work, or printed its usage for `--help`; 64
 * when the arguments were wrong; 1 when it refused or failed. Errors go to standard error.
 * @param work does the command's work; a number that it returns is the exit code
 */
export async function runCommand<const Options extends ParseArgsOptionsConfig>(
  command: Command<Options>,
  work: (given: Given<Options>) => unknown,
): Promise<void> {
  try {
    const given = readArguments(command, process.argv.slice(2));
    if (given === 'help') {
      console.log(command.usage);
      return;
    }
    const code = await work(given);
    if (typeof code === 'number') process.exitCode = code;
  } catch (error) {
    process.exitCode = error instanceof UsageError ? EX_USAGE : 1;
    if (error instanceof UsageError) console.error(`\n${error.message}\n\n${command.usage}\n`);
    else console.error(error instanceof Refusal ? `\n${error.message}\n` : error);
  }
}

/** What a terminal obeys instead of showing it: control characters, line separators, marks that turn the direction of writing. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;

/** @throws UsageError for an argument that the command does not take, or that must not stand in any message */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  { options, takesPositionals = false }: Command<Options>,
  args: readonly string[],
): Given<Options> | 'help' {
  const help = { help: { type: 'boolean', short: 'h' } } as const;
  for (const argument of args) {
    // Commands repeat their arguments, and this parser does. Only here all of them pass.
    if (argument.search(UNPRINTABLE) >= 0)
      throw new UsageError(`The argument ${quoted(argument)} contains control characters.`);
  }
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, ...help },
      allowPositionals: takesPositionals,
    });
    return (values as { help?: boolean }).help ? 'help' : { values, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function quoted(text: string): string {
  const written = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${text.replaceAll(UNPRINTABLE, written)}"`;
}

/** @throws UsageError unless the text is a whole number within the bounds */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d{1,15}$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(
    `${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`,
  );
}
