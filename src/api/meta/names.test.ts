import { describe, expect, it } from 'vitest';
import {
  dns1035LabelFindings,
  dns1123LabelFindings,
  dns1123SubdomainFindings,
  labelValueFindings,
  longNameFindings,
  pathSegmentFindings,
  qualifiedNameFindings,
  underscoredSubdomainFindings,
  wildcardSubdomainFindings,
} from './names.ts';

describe('names', () => {
  it.each(['a', 'my-name', '1', 'a'.repeat(63)])('takes %s as a DNS label', (name) => {
    expect(dns1123LabelFindings(name)).toEqual([]);
  });
  it.each(['', 'A', '-a', 'a-', 'a_b', 'a\n'])('refuses %j as a DNS label', (name) => {
    expect(dns1123LabelFindings(name)[0]).toMatch(
      /^a lowercase RFC 1123 label must consist of .* \(e\.g\. 'my-name', {2}or '123-abc', regex used/,
    );
  });
  it('says of a subdomain that it is no label because of its dots', () => {
    expect(dns1123LabelFindings('a.b')).toEqual(['must not contain dots']);
  });
  it('knows search paths with underscores, and hosts with a wildcard', () => {
    expect(underscoredSubdomainFindings('_tcp.a_b.example')).toEqual([]);
    expect(wildcardSubdomainFindings('*.example.com')).toEqual([]);
    expect(wildcardSubdomainFindings('a.*.com')[0]).toMatch(/^a wildcard DNS-1123 subdomain must start with '\*\.'/);
  });
  it('reports length apart from form', () => {
    for (const length of [64, 300]) expect(dns1123LabelFindings('a'.repeat(length))).toEqual(['must be no more than 63 characters']);
    expect(longNameFindings('a'.repeat(254))).toEqual(['must be no more than 253 bytes']);
    expect(labelValueFindings('a'.repeat(64))).toEqual(['must be no more than 63 bytes']);
    expect(dns1123SubdomainFindings(`${'a'.repeat(253)}-`)).toHaveLength(2);
  });
  it('wants service names to start with a letter', () => {
    expect(dns1035LabelFindings('web')).toEqual([]);
    expect(dns1035LabelFindings('1web')).toHaveLength(1);
  });
  it('checks both parts of a qualified name', () => {
    expect(qualifiedNameFindings('example.com/My_Name')).toEqual([]);
    expect(qualifiedNameFindings('app')).toEqual([]);
    expect(qualifiedNameFindings('/app')).toEqual(['prefix part must be non-empty']);
    expect(qualifiedNameFindings('example.com/')[0]).toBe('name part must be non-empty');
    expect(qualifiedNameFindings('a/b/c')[0]).toContain("with an optional DNS subdomain prefix and '/'");
    expect(qualifiedNameFindings('Example.com/a')[0]).toMatch(/^prefix part a lowercase RFC 1123 subdomain/);
  });
  it('takes an empty label value', () => {
    expect(labelValueFindings('')).toEqual([]);
    expect(labelValueFindings('x y')).toHaveLength(1);
  });
  it('only keeps URLs whole for path names', () => {
    expect(pathSegmentFindings('system:node%')).toEqual(["may not contain '%'"]);
    expect(pathSegmentFindings('..')).toEqual(["may not be '..'"]);
    expect(pathSegmentFindings('system:basic-user')).toEqual([]);
  });
});
