import { expect, test } from 'vitest';
import { osImage, readMachine } from './machine.ts';

test('the machine has processors, memory, a kernel and a boot id', async () => {
  const machine = await readMachine();
  expect(machine.cpuCount).toBeGreaterThan(0);
  expect(machine.memoryBytes).toBeGreaterThan(1 << 20);
  expect(machine.kernelVersion).toMatch(/^\d+\./);
  expect(machine.bootId).toMatch(/^[0-9a-f-]{36}$/);
  expect(machine.architecture).not.toBe('x64');
});

test('os-release values may be quoted', () => {
  expect(osImage('NAME=x\nPRETTY_NAME="Debian GNU/Linux 12 \\"bookworm\\""\n')).toBe('Debian GNU/Linux 12 "bookworm"');
  expect(osImage('PRETTY_NAME=Alpine\n')).toBe('Alpine');
  expect(osImage('')).toBe('Linux');
});
