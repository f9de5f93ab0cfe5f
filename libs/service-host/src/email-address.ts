import { z } from 'zod';

/** Its domain part is stricter than zod's, so that checkers of JSON Schema's `email` accept whatever we accept. */
const pattern =
  /^(?:[A-Za-z0-9_'+-]+\.)*[A-Za-z0-9_'+-]*[A-Za-z0-9_+-]@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,}$/;

/** An address as it comes in: at most what SMTP can carry (RFC 5321 section 4.5.3.1.3). */
export const emailAddress = z.email({ pattern, error: 'must be an email address' }).max(254);
