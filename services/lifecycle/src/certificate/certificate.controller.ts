import { Controller, Get, Header, Param } from '@nestjs/common';
import { Operation, problem } from '@vouchsafe/service-host';
import { z } from 'zod';
import { type CertificateView, certificateView, ReadCertificate } from './read-certificate.js';

const certificatePath = z.strictObject({
  certificateId: z.uuid().describe('From the address that the owners were given when the organization ended'),
});
const keys = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        vkey: z.string().describe('The key (c2sp.org/signed-note)'),
        signsFrom: z.iso.datetime().describe('When it began to sign'),
      }),
    )
    .describe('Verifier keys of certificates; empty before the first one'),
});

/** Without an account: when a certificate is issued, the organization has none any more. */
@Controller('v1/lifecycle')
export class CertificateController {
  constructor(private readonly certificates: ReadCertificate) {}

  @Get('certificates/:certificateId')
  @Header('cache-control', 'no-store')
  @Operation({
    permission: 'public',
    operation: 'certificate.read',
    entity: { type: 'certificate', id: 'path.certificateId' },
    effect: 'read',
    summary: 'Read how far the deletion of an organization is and, at its end, the certificate',
    answers: { 200: certificateView },
    problems: ['not-found'],
  })
  async read(
    @Param({ schema: certificatePath }) { certificateId }: z.output<typeof certificatePath>,
  ): Promise<CertificateView> {
    const view = await this.certificates.read(certificateId);
    if (!view) throw problem('not-found', { detail: 'There is no certificate at this address' });
    return view;
  }

  @Get('certificate-keys')
  @Operation({
    permission: 'public',
    operation: 'certificate-key.list',
    entity: { type: 'certificate-key', id: null },
    effect: 'read',
    summary: 'The keys with which vouchsafe-verify checks certificates',
    answers: { 200: keys },
  })
  async list(): Promise<z.output<typeof keys>> {
    return { keys: [...(await this.certificates.verifierKeys())] };
  }
}
