export * from './request-handled.js';
