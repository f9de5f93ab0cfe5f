/** A file that the generator writes. */
export interface NewFile {
  readonly path: string;
  readonly text: string;
}

export interface Names {
  /** `loyalty-badge` */
  readonly noun: string;
  /** `loyaltyBadge` */
  readonly camel: string;
  /** `LoyaltyBadge` */
  readonly pascal: string;
  /** `loyalty_badge` */
  readonly snake: string;
  /** `loyalty badge` */
  readonly words: string;
}

export function namesOf(noun: string): Names {
  const pascal = noun.replaceAll(/(^|-)([a-z])/g, (_, _dash, letter: string) => letter.toUpperCase());
  return {
    noun,
    pascal,
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    snake: noun.replaceAll('-', '_'),
    words: noun.replaceAll('-', ' '),
  };
}
