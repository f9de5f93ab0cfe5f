export * from './dead-letter-settled.js';
export * from './hold-confirmed.js';
export * from './organization-erased.js';
export * from './request-handled.js';
export * from './subject-erased.js';
export * from './values-sealed.js';
