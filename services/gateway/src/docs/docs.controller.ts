import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Controller, Get, Header, Inject, Param, StreamableFile } from '@nestjs/common';
import { Operation, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { pageOf, startScript, style } from './page.js';
import { readingDocument } from './reading-document.js';

/** Injection token of the merged OpenAPI document. */
export const API_DOCUMENT = Symbol('API document');

const require = createRequire(import.meta.url);
const swaggerUi = path.dirname(require.resolve('swagger-ui-dist/package.json'));

const assets = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
} as const;

/** Files of the page that we write ourselves. */
const writtenFiles = ['start.js', 'page.css', 'document.json'] as const;
type Written = (typeof writtenFiles)[number];

const assetPath = z.strictObject({
  file: z.enum(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png', ...writtenFiles]),
});

/** Own files only, no inline script: what a page of ours may load. Swagger UI sets styles from its script. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The API's description, and a page to read it that needs no internet. */
@Controller()
export class DocsController {
  private readonly page: string;
  private readonly written: Readonly<Record<Written, readonly [content: string, type: string]>>;

  constructor(@Inject(API_DOCUMENT) private readonly document: object) {
    this.page = pageOf(document);
    this.written = {
      'start.js': [startScript, assets['swagger-ui-bundle.js']],
      'page.css': [style, assets['swagger-ui.css']],
      'document.json': [JSON.stringify(readingDocument(document)), 'application/json; charset=utf-8'],
    };
  }

  @Get('openapi.json')
  @Operation({
    permission: 'public',
    operation: 'documentation.read',
    entity: { type: 'documentation', id: null },
    effect: 'read',
    summary: 'The OpenAPI 3.1 document of all operations',
    answers: { 200: z.looseObject({ openapi: z.string() }) },
  })
  read(): object {
    return this.document;
  }

  @Get('docs')
  @Header('content-security-policy', PAGE_POLICY)
  @Operation({
    permission: 'public',
    operation: 'documentation.show',
    entity: { type: 'documentation', id: null },
    effect: 'read',
    summary: 'The API documentation as a web page',
    answers: { 200: 'text/html' },
  })
  show(): StreamableFile {
    return file(this.page, 'text/html; charset=utf-8');
  }

  @Get('docs/:file')
  @Header('cache-control', 'public, max-age=3600')
  @Operation({
    permission: 'public',
    operation: 'documentation.load',
    entity: { type: 'documentation', id: 'path.file' },
    effect: 'read',
    summary: 'Style, script and icon of the documentation page',
    answers: { 200: 'text/javascript' },
  })
  async load(
    @Param({ schema: assetPath }) { file: name }: z.output<typeof assetPath>,
  ): Promise<StreamableFile> {
    if (name === 'start.js' || name === 'page.css' || name === 'document.json')
      return file(...this.written[name]);
    const content = await readFile(path.join(swaggerUi, name)).catch((cause: unknown) => {
      throw problem('not-found', { cause });
    });
    return file(content, assets[name]);
  }
}

function file(content: string | Buffer, type: string): StreamableFile {
  return new StreamableFile(Buffer.from(content), { type });
}
