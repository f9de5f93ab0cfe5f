export * from './hold-confirmed.js';
export * from './organization-erased.js';
export * from './subject-erased.js';
