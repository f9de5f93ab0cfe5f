export * from './access.js';
export * from './erasure.js';
export * from './organization.js';
export * from './dead-letter-settled.js';
export * from './session.js';
export * from './termination.js';
export * from './user.js';
export * from './values-sealed.js';
