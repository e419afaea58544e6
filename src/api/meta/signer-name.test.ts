import { describe, expect, it } from 'vitest';
import { checkSignerName } from './signer-name.ts';

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const label = (length: number) => 'a'.repeat(length);

describe('the name of a signer', () => {
  it.each<[string, string[]]>([
    ['example.com/signer', []],
    ['example.com/namespace.name', []],
    ['', ['Required value']],
    ['example.com', [`Invalid value: "example.com": must be a fully qualified domain and path of the form 'example.com/signer-name'`]],
    ['a.b/c/d', [`Invalid value: "a.b/c/d": must be a fully qualified domain and path of the form 'example.com/signer-name'`]],
    ['com/signer', ['Invalid value: "com": should be a domain with at least two segments separated by dots']],
    ['A.B.com/signer', [`Invalid value: "A.B.com": validating label "A": ${LABEL}`]],
    [
      `${Array(4).fill(label(63)).join('.')}/${label(253)}.${label(253)}`,
      ['Too long: may not be more than 253 bytes', 'Too long: may not be more than 571 bytes'],
    ],
  ])('%s', (name, findings) => {
    expect(checkSignerName('spec.signerName', name).map(({ message }) => message)).toEqual(findings);
  });
});
