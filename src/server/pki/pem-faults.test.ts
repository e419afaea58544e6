import { expect, it } from 'vitest';
import { systemClock } from '../../base/clock.ts';
import { issueAuthority, newKeyPem } from './issue.ts';
import { certificateFault, keyPairFault } from './pem-faults.ts';

const keyPem = await newKeyPem();
const { certPem } = await issueAuthority('ca', keyPem, systemClock.now());
const block = (label: string, body = 'AAAA') => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

it.each([
  [certPem, keyPem, undefined],
  ['', keyPem, 'tls: failed to find any PEM data in certificate input'],
  [
    keyPem,
    certPem,
    'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
  ],
  [
    block('A') + block('B'),
    '',
    'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [A B]',
  ],
  [block('CERTIFICATE'), '', 'tls: failed to find any PEM data in key input'],
  [certPem, certPem, 'tls: found a certificate rather than a key in the PEM for the private key'],
  [
    certPem,
    block('KEY'),
    'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: [KEY]',
  ],
  [block('CERTIFICATE'), keyPem, 'x509: malformed certificate'],
  [certPem, block('EC PRIVATE KEY'), 'tls: failed to parse private key'],
  [certPem, await newKeyPem(), 'tls: private key does not match public key'],
])('a pair is as good as Go says (%#)', (certificates, key, fault) => {
  expect(keyPairFault(certificates, key)).toBe(fault);
});

it('a chain is as good as its certificates', () => {
  expect(certificateFault(certPem + certPem)).toBeUndefined();
  expect(certificateFault(certPem + block('CERTIFICATE'))).toBe('x509: malformed certificate');
});
