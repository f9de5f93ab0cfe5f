export * from './contract.js';
export * as identityFacts from './identity/index.js';
export * as gatewayFacts from './gateway/index.js';
