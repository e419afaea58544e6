import { expect, it } from 'vitest';
import { defaultDnsAddress } from './api-server.ts';

it.each([
  [['10.43.0.0/16', 'fd00::/112'], '10.43.0.10'],
  [['fd00::/112'], 'fd00::a'],
  [['10.43.0.8/29'], '10.43.0.10'],
])('cluster DNS in %j has the address %s, which is not that of the API server', (ranges, address) => {
  expect(defaultDnsAddress(ranges)).toBe(address);
});
