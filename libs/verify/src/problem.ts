/** Something in the bundle that does not hold. Thrown where it is found; `verifyBundle` turns it into its verdict. */
export class Problem extends Error {
  readonly file: string;
  /** Counted from 1; undefined where it is not about one line. */
  readonly line: number | undefined;

  constructor(file: string, why: string, line?: number) {
    super(why);
    this.file = file;
    this.line = line;
  }
}

/** The file is not a bundle that this version can read. */
export class Unreadable extends Error {}

/** Why a bundle is refused, as plain data: it can come from another thread. `line` counts from 1; undefined where it is not about one line. */
export type Refusal =
  | {
      readonly status: 'does-not-hold';
      readonly file: string;
      readonly line: number | undefined;
      readonly why: string;
    }
  | { readonly status: 'unreadable'; readonly why: string };

/** Throws any other error again: it is a fault of the verifier. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Unreadable) return { status: 'unreadable', why: error.message };
  if (!(error instanceof Problem)) throw error;
  return { status: 'does-not-hold', file: error.file, line: error.line, why: error.message };
}

export function errorOf(refusal: Refusal): Problem | Unreadable {
  if (refusal.status === 'unreadable') return new Unreadable(refusal.why);
  return new Problem(refusal.file, refusal.why, refusal.line);
}

/** Of a version that came after this verifier: it says nothing of it, neither that it holds nor that it does not. */
export function newerVersion(what: string, version: number): Unreadable {
  return new Unreadable(`${what} is of version ${version}: a newer verifier is needed`);
}

/** Words of the bundle within ours: between marks that they cannot end, so that nobody takes them for a sentence of the verifier. */
export function quote(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

export function check(holds: boolean, file: string, why: string, line?: number): asserts holds {
  if (!holds) throw new Problem(file, why, line);
}
