import { existsSync, globSync } from 'node:fs';
import path from 'node:path';
import { build, type BuildOptions } from 'esbuild';

/**
 * Programs that a service's processes run, each as one file in `dist/bundle`. The folder is as deep as those of the sources, so that paths
 * from a module to the service's own files stay true.
 */
const programs = ['main.js', 'dead-letters.js', 'export/export-process.js'];

/**
 * Stay packages: OpenTelemetry replaces functions of `pg` when it is imported; the others have files of their own, or are options of Nest
 * that are not installed.
 */
const external = [
  ...['pg', 'pino', '@node-rs/argon2', 'swagger-ui-dist'],
  ...[
    '@nestjs/websockets',
    '@nestjs/platform-express',
    '@fastify/multipart',
    '@fastify/static',
    '@fastify/view',
  ],
  ...['@grpc/*', '@nats-io/*', 'amqp-connection-manager', 'amqplib', 'ioredis', 'mqtt', 'nats'],
  ...['class-transformer', 'class-validator'],
];

/**
 * Makes each program of a built service one file: it starts in half the time of 2,800 modules (docs/adr/0048-a-service-runs-as-one-file.md). The file
 * is plain JavaScript that people can read; nothing is renamed or left out.
 */
export async function makeServiceFiles(root: string): Promise<void> {
  for (const folder of globSync('services/*/dist', { cwd: root })) {
    const found = programs.map((program) => path.join(folder, program));
    await makeFiles(
      root,
      found.filter((file) => existsSync(path.join(root, file))),
      path.join(folder, 'bundle'),
    );
  }
}

async function makeFiles(root: string, entryPoints: string[], outdir: string): Promise<void> {
  const options = {
    absWorkingDir: root,
    entryPoints,
    entryNames: '[name]',
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    charset: 'utf8',
    keepNames: true,
    external,
    // CommonJS packages ask for Node's own modules by `require`.
    banner: {
      js: "import { createRequire as createRequireHere } from 'node:module'; const require = createRequireHere(import.meta.url);",
    },
  } satisfies BuildOptions;
  await build(options);
}
