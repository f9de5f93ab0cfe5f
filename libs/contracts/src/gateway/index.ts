export * from './parked-message-settled.js';
export * from './request-handled.js';
export * from './subject-erased.js';
export * from './values-sealed.js';
