import fc from 'fast-check';
import { expect, it } from 'vitest';
import { caBundleFault, goBytes } from './ca-bundle.ts';

const base64 = (text: string) => btoa(text);
const pem = (type: string, body: string) => `-----BEGIN ${type}-----\n${body}\n-----END ${type}-----\n`;

it.each([
  ['', 'unable to load root certificates: unable to parse bytes as PEM block'],
  ['\n', 'unable to load root certificates: unable to parse bytes as PEM block'],
  [pem('CERTIFICATE', 'AAAA'), 'unable to load root certificates: failed to parse certificate: x509: malformed certificate'],
  [pem('PRIVATE KEY', 'MAAA'), 'unable to load root certificates: failed to parse certificate: x509: malformed certificate'],
  [pem('CERTIFICATE', 'MAAA'), undefined],
])('certificates in %j are found or not', (text, fault) => expect(caBundleFault(base64(text))).toBe(fault));

it('whatever is there is told, and nothing is thrown', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (text) => {
      expect(caBundleFault(text) ?? '').toMatch(/^(unable to load root certificates: .+)?$/);
      expect(goBytes(text)).toMatch(/^\[\]byte\{.*\}$/);
    }),
  );
});
