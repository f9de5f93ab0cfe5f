export { keysGiven } from './command/keys-given.js';
export { EXIT_CODES, inPlainWords } from './command/plain-words.js';
export { readMember } from './container/bundle-files.js';
export { readZip, type ByteSource } from './container/zip.js';
export type { Manifest } from './manifest/manifest.js';
export { verifyBundle, type Verification } from './verify-bundle.js';
