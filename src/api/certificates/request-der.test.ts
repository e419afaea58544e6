import { describe, expect, it } from 'vitest';
import { certificateSigningRequests } from '../index.ts';
import { FAKE_REQUEST_DER, requestOf } from './fake-request.ts';
import { certificateRequestFinding } from './request-der.ts';

const whole = Uint8Array.from(atob(FAKE_REQUEST_DER), (character) => character.charCodeAt(0));
const bytes = (hex: string) => Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
const changed = (at: number, byte: number) => whole.with(at, byte);
const mismatch = (tags: string, where: string) =>
  `asn1: structure error: tags don't match (${tags}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} ${where}`;

describe('a certification request', () => {
  it('that is whole has nothing wrong', () => expect(certificateRequestFinding(whole)).toBeUndefined());

  it.each<[string, Uint8Array, string]>([
    ['nothing', bytes(''), 'asn1: syntax error: sequence truncated'],
    ['half a header', bytes('30'), 'asn1: syntax error: truncated tag or length'],
    ['an empty sequence', bytes('3000'), 'asn1: syntax error: sequence truncated'],
    ['text', new TextEncoder().encode('junk'), mismatch('16 vs {class:1 tag:10 length:117 isCompound:true}', 'certificateRequest @2')],
    ['another structure', bytes('3003020100'), mismatch('16 vs {class:0 tag:2 length:1 isCompound:false}', 'tbsCertificateRequest @2')],
    ['an indefinite length', bytes('3080'), 'asn1: syntax error: indefinite length found (not DER)'],
    ['a padded length', bytes('308100'), 'asn1: structure error: superfluous leading zeros in length'],
    ['a padded tag', bytes('3f0000'), 'asn1: syntax error: non-minimal tag'],
    ['an unfinished tag', bytes('1f8001'), 'asn1: syntax error: integer is not minimally encoded'],
    ['what is cut off', whole.subarray(0, 50), 'asn1: syntax error: data truncated'],
    ['more than there should be', Uint8Array.of(...whole, 0), 'asn1: syntax error: trailing data'],
    ['an empty version', changed(6, 0), 'asn1: structure error: empty integer'],
    ['a key that is no bits', changed(48, 4), mismatch('3 vs {class:0 tag:4 length:66 isCompound:false}', 'BitString @23')],
    ['half a bit too many', changed(50, 8), 'asn1: syntax error: invalid padding bits in BIT STRING'],
    ['a name of no sets', changed(10, 0x30), 'asn1: structure error: sequence tag mismatch'],
  ])('of %s is refused in the words of Go', (_, der, finding) => {
    expect(certificateRequestFinding(der)).toBe(finding);
  });

  it.each<[string, string | undefined]>([
    [requestOf(FAKE_REQUEST_DER), undefined],
    [btoa(`Some text\n${atob(requestOf(FAKE_REQUEST_DER)).replace('-----\n', '-----\nName: value\n\n')}`), undefined],
    [requestOf('anVuaw=='), mismatch('16 vs {class:1 tag:10 length:117 isCompound:true}', 'certificateRequest @2')],
    [requestOf(FAKE_REQUEST_DER, 'NEW CERTIFICATE REQUEST'), 'PEM block type must be CERTIFICATE REQUEST'],
    [requestOf('!'), 'PEM block type must be CERTIFICATE REQUEST'],
    [btoa('-----BEGIN CERTIFICATE REQUEST-----\n'), 'PEM block type must be CERTIFICATE REQUEST'],
    ['eA==', 'PEM block type must be CERTIFICATE REQUEST'],
  ])('comes in PEM: %s', (request, finding) => {
    const csr = { spec: { request, signerName: 'example.com/a', usages: ['client auth'] } };
    const expected = finding === undefined ? [] : [`spec.request: Invalid value: "${request}": ${finding}`];
    expect(certificateSigningRequests.hooks.validate?.(csr)?.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
  });
});
