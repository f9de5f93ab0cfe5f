/** What a person can put right. Its message says what to do, and is printed without a stack. */
export class Refusal extends Error {}
