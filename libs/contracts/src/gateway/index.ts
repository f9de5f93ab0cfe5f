export * from './request-handled.js';
export * from './subject-erased.js';
