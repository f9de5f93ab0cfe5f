export * from './attachment.js';
export * from './dead-letter-settled.js';
export * from './organization-erased.js';
export * from './purge.js';
export * from './subject-erased.js';
export * from './termination.js';
export * from './values-sealed.js';
