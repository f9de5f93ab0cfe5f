export { keysGiven } from './keys-given.js';
export { EXIT_CODES, inPlainWords } from './plain-words.js';
export { verifyBundle, type Verification } from './verify-bundle.js';
