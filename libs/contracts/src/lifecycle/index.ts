export * from './dead-letter-settled.js';
export * from './subject-erased.js';
export * from './termination.js';
export * from './values-sealed.js';
