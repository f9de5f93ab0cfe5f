import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/*
 * How every command of this repository reads its words. No imports but Node's: tools read it before anything is built. The verifier has a
 * few lines of its own for the same (libs/verify shares no code but the log's, ADR 0027), and so has what runs before there is a Node 24
 * (tools/bootstrap.mjs, libs/verify/single-file.mjs).
 */

/** What a person can put right. Its message says what to do, and is printed without a stack. */
export class Refusal extends Error {}

/** The words of the command are wrong; its usage is printed with it. Nothing was done. */
export class UsageError extends Refusal {}

/** EX_USAGE of sysexits.h, as the verifier has it. */
const EX_USAGE = 64;

export interface Command<Options extends ParseArgsOptionsConfig> {
  /** Begins with `Usage: `, and explains every option. */
  readonly usage: string;
  readonly options: Options;
  /** Whether it takes words that are no options. */
  readonly takesWords?: boolean;
}

export type Given<Options extends ParseArgsOptionsConfig> = Pick<
  ReturnType<typeof parseArgs<{ args: string[]; options: Options; allowPositionals: true }>>,
  'values' | 'positionals'
>;

/**
 * Runs a command on the words of this process, and sets its exit code: 0 when it did its work, or printed its usage for `--help`; 64 when
 * the words were wrong; 1 when it refused or failed. What is wrong goes to standard error.
 * @param work does what is asked; a number that it gives is the exit code
 */
export async function runCommand<const Options extends ParseArgsOptionsConfig>(
  command: Command<Options>,
  work: (given: Given<Options>) => unknown,
): Promise<void> {
  try {
    const given = readWords(command, process.argv.slice(2));
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

/** @throws UsageError for a word that the command does not take */
export function readWords<const Options extends ParseArgsOptionsConfig>(
  { options, takesWords = false }: Command<Options>,
  args: readonly string[],
): Given<Options> | 'help' {
  const help = { help: { type: 'boolean', short: 'h' } } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { ...options, ...help },
      allowPositionals: takesWords,
    });
    return (values as { help?: boolean }).help ? 'help' : { values, positionals };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

/** @throws UsageError where the text is no whole number, or not within the bounds */
export function wholeNumber(option: string, text: string, least: number, most: number): number {
  const number = Number(text);
  if (/^\d{1,15}$/.test(text) && number >= least && number <= most) return number;
  throw new UsageError(
    `${option} takes a whole number from ${least} to ${most}, not ${JSON.stringify(text)}.`,
  );
}
