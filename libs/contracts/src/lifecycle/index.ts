export * from './dead-letter-settled.js';
export * from './hold-confirmed.js';
export * from './hold.js';
export * from './organization-erased.js';
export * from './purge.js';
export * from './subject-erased.js';
export * from './termination.js';
export * from './values-sealed.js';
