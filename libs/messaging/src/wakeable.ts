/** Something that loops wait for: `raise` ends the present wait, or the next one when nobody waits. */
export function wakeable() {
  let raised = false;
  let resume: (() => void) | undefined;
  return {
    raise: (): void => {
      raised = true;
      resume?.();
    },
    /** Resolves when raised, or after `ms`. */
    wait: async (ms: number): Promise<void> => {
      if (!raised) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          resume = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        resume = undefined;
      }
      raised = false;
    },
  };
}
