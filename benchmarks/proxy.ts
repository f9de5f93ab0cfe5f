/** A process of its own with nothing but @fastify/http-proxy: what passing a request on costs at least. Prints its URL. */
import proxy from '@fastify/http-proxy';
import { fastify } from 'fastify';

const server = fastify();
await server.register(proxy, { upstream: process.argv[2] ?? '' });
process.stdout.write(`${await server.listen({ host: '127.0.0.1', port: 0 })}\n`);
