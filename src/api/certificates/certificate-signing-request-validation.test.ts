import { expect, it } from 'vitest';
import { certificateSigningRequests } from '../index.ts';
import { FAKE_REQUEST_DER, requestOf } from './fake-request.ts';

it.each<[string, boolean]>([
  [requestOf(FAKE_REQUEST_DER), true],
  [btoa(`Some text\n${atob(requestOf(FAKE_REQUEST_DER)).replace('-----\n', '-----\nName: value\n\n')}`), true],
  [requestOf(FAKE_REQUEST_DER, 'NEW CERTIFICATE REQUEST'), false],
  [requestOf('!'), false],
  [btoa('-----BEGIN CERTIFICATE REQUEST-----\n'), false],
  ['eA==', false],
])('a request for a certificate comes in PEM: %s', (request, isRight) => {
  const csr = { spec: { request, signerName: 'example.com/a', usages: ['client auth'] } };
  const expected = isRight ? [] : [`spec.request: Invalid value: "${request}": PEM block type must be CERTIFICATE REQUEST`];
  expect(certificateSigningRequests.hooks.validate?.(csr)?.map(({ path, message }) => `${path}: ${message}`)).toEqual(expected);
});

it('a request that brings none is no PEM either', () => {
  const [finding] =
    certificateSigningRequests.hooks.validate?.({ spec: { signerName: 'example.com/a', usages: ['client auth'] } } as never) ?? [];
  expect(`${finding?.path}: ${finding?.message}`).toBe('spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST');
});

it.each([
  ['-----BEGIN CERTIFICATE-----\n', 'must contain at least one CERTIFICATE PEM block'],
  ['-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n', undefined],
  ['-----BEGIN X-----\nYQ==\n-----END X-----\n', 'only CERTIFICATE PEM blocks are allowed, found "X"'],
])('a certificate that was issued comes in whole PEM: %j', (text, why) => {
  const spec = { request: requestOf(FAKE_REQUEST_DER), signerName: 'example.com/a', usages: ['client auth'] };
  const found = certificateSigningRequests.hooks.validate?.({ spec, status: { certificate: btoa(text) } });
  expect(found?.map(({ message }) => message)).toEqual(why ? [`Invalid value: "<certificate data>": ${why}`] : []);
});
