import { describe, expect, it } from 'vitest';
import { checkCanonicalCidr, checkInterfaceAddress, checkNonSpecialIp, cidrFindings, ipFindings, isIp } from './addresses.ts';

describe('addresses', () => {
  it('are known in both families', () => {
    expect(['10.0.0.1', '255.255.255.255', '::1', '2001:db8::ffff', '::ffff:1.2.3.4'].filter((ip) => !isIp(ip))).toEqual([]);
    expect(['', '10.0.0', '256.1.1.1', '01.2.3.4', '::g', '1.2.3.4:80', 'a.example', '2001::db8::1'].filter(isIp)).toEqual([]);
  });

  it.each([
    ['10.0.0.1', []],
    ['::1', []],
    ['10.00.0.1', ['must not have leading 0s']],
    ['::ffff:1.2.3.4', ['must not be an IPv4-mapped IPv6 address']],
    ['x', ['must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']],
  ])('find about %s: %j', (text, findings) => expect(ipFindings(text)).toEqual(findings));

  it.each([
    ['10.0.0.0/8', []],
    ['2001:db8::/64', []],
    ['10.0.0.0', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['10.0.0.0/8/8', ['must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']],
    ['10.00.0.0/8', ['must not have leading 0s in IP or prefix length']],
    ['10.0.0.0/08', ['must not have leading 0s in IP or prefix length']],
    ['::ffff:1.2.3.0/120', ['must not have an IPv4-mapped IPv6 address']],
    ['10.0.0.1/8', ['must not have bits set beyond the prefix length']],
  ])('find about the range %s: %j', (text, findings) => expect(cidrFindings(text)).toEqual(findings));

  it.each([
    ['10.9.8.7/24', []],
    ['2001:db8::1/64', []],
    ['10.9.8.7', ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)']],
    ['eth0', ['must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)']],
    ['010.9.8.7/24', ['must be in canonical form ("10.9.8.7/24")']],
    ['2001:DB8:0::1/64', ['must be in canonical form ("2001:db8::1/64")']],
    ['::ffff:192.168.0.1/120', ['must be in canonical form ("192.168.0.1/24")']],
  ])('of interfaces carry the length of their prefix: %s', (text, findings) =>
    expect(checkInterfaceAddress('p', text).map((e) => e.message)).toEqual(findings.map((each) => `Invalid value: "${text}": ${each}`)),
  );

  it('have one spelling where it matters', () => {
    expect(checkCanonicalCidr('p', '2001:DB8::/64').map((e) => e.message)).toEqual([
      'Invalid value: "2001:DB8::/64": must be in canonical form ("2001:db8::/64")',
    ]);
    expect(checkCanonicalCidr('p', '10.96.0.0/16')).toEqual([]);
  });

  it.each([
    ['10.1.1.1', []],
    ['127.0.0.1', ['Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)']],
    ['169.254.1.1', ['Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)']],
    ['::', ['Invalid value: "::": may not be unspecified (::)']],
    ['224.0.0.5', ['Invalid value: "224.0.0.5": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']],
  ])('of endpoints are not special: %s', (text, messages) => {
    expect(checkNonSpecialIp('ip', text).map((e) => e.message)).toEqual(messages);
  });
});
