import { expect, test } from 'vitest';
import { bootTimeMs, cpuUsageNanos, defaultInterface, interfaceUsage, machineMemory, meminfoBytes } from './usage-plan.ts';

test('meminfo counts in KiB, and names may have parentheses', () => {
  expect(meminfoBytes('MemTotal:       16 kB\nMemFree: 2 kB\n', 'MemTotal')).toBe(16_384);
  expect(meminfoBytes('Inactive(anon): 1 kB\nInactive(file): 3 kB\n', 'Inactive(file)')).toBe(3072);
  expect(meminfoBytes('', 'SwapTotal')).toBe(0);
});

test('the CPU time of the machine leaves out waiting, and counts guests once', () => {
  const stat = 'cpu  100 20 30 9999 555 4 5 6 70 0\ncpu0 1 1 1 1\nbtime 1700000000\n';
  expect(cpuUsageNanos(stat)).toBe((100 + 20 + 30 + 4 + 5 + 6) * 10_000_000);
  expect(bootTimeMs(stat)).toBe(1_700_000_000_000);
});

test('the working set of the machine is what is not free and not dropped at once', () => {
  const meminfo = 'MemTotal: 1000 kB\nMemFree: 300 kB\nInactive(file): 200 kB\n';
  expect(machineMemory(meminfo)).toEqual({ usageBytes: 700 * 1024, workingSetBytes: 500 * 1024, availableBytes: 500 * 1024 });
});

test('interfaces are read without the loopback one', () => {
  const text = [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    '    lo: 17535979    9680    0    0    0     0          0         0 17535979    9680    0    0    0     0       0          0',
    '  eth0:377208230   11109    1    3    0     0          0         0   655573    6008    2    4    0     0       0          0',
    '',
  ].join('\n');
  const received = { rxBytes: 377_208_230, rxPackets: 11_109, rxErrors: 1, rxDropped: 3 };
  const sent = { txBytes: 655_573, txPackets: 6008, txErrors: 2, txDropped: 4 };
  expect(interfaceUsage(text)).toEqual([{ name: 'eth0', ...received, ...sent }]);
});

test('the default route names its interface', () => {
  const head = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n';
  const line = (name: string, destination: string, mask: string) => `${name}\t${destination}\t0100A8C0\t0003\t0\t0\t0\t${mask}\t0\t0\t0\n`;
  expect(defaultInterface(`${head}${line('eth1', '0000A8C0', '00FFFFFF')}${line('eth0', '00000000', '00000000')}`)).toBe('eth0');
  expect(defaultInterface(head)).toBeUndefined();
});
