/** A step of the story did not hold; its message says what was expected and what came. */
export class StepFailed extends Error {}

export interface Narrator {
  /** Begins a numbered step, told in plain words. */
  readonly step: (title: string) => void;
  /** What came back, or why something is worth seeing. */
  readonly tell: (line: string) => void;
}

export function narrator(): Narrator {
  let steps = 0;
  return {
    step: (title) => {
      steps += 1;
      console.log(`\n${String(steps).padStart(2)}. ${title}`);
    },
    tell: (line) => console.log(line.replace(/^/gm, '    ')),
  };
}

/** @throws StepFailed where the story would not be true any more */
export function expectThat(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new StepFailed(otherwise);
}
