export * from './contract.js';
export * as identityFacts from './identity/index.js';
