import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../api/schema/generated/types.ts';
import { forbiddenSysctl, sysctlName } from './sysctl-plan.ts';

const podWith = (name: string, more: Partial<PodSpec> = {}) => ({
  spec: { containers: [], securityContext: { sysctls: [{ name, value: '1' }] }, ...more },
});

describe('a kernel parameter of a pod', () => {
  it.each(['kernel.shm_rmid_forced', 'net.ipv4.tcp_rmem', 'net/ipv4/tcp_syncookies'])('is allowed when it is safe: %s', (name) => {
    expect(forbiddenSysctl(podWith(name))).toBeUndefined();
  });

  it.each(['kernel.msgmax', 'net.core.somaxconn', 'vm.swappiness', 'kernel/sem'])('is refused when it is not: %s', (name) => {
    const message = `forbidden sysctl: "${name.replace('/', '.')}" not allowlisted`;
    expect(forbiddenSysctl(podWith(name))).toBe(message);
  });

  it('is refused when it would be the host’s', () => {
    const message = (name: string, what: string) => `forbidden sysctl: "${name}" not allowed with host ${what} enabled`;
    const [net, ipc] = ['net.ipv4.tcp_rmem', 'kernel.shm_rmid_forced'];
    expect(forbiddenSysctl(podWith(net, { hostNetwork: true }))).toBe(message(net, 'net'));
    expect(forbiddenSysctl(podWith(ipc, { hostIPC: true }))).toBe(message(ipc, 'ipc'));
    expect(forbiddenSysctl(podWith(net, { hostIPC: true }))).toBeUndefined();
    expect(forbiddenSysctl(podWith(ipc, { hostNetwork: true }))).toBeUndefined();
  });

  it('is spelled with dots, in which a dot of a name is a slash', () => {
    expect(sysctlName('net/ipv4/conf/eth0.1/forwarding')).toBe('net.ipv4.conf.eth0/1.forwarding');
    expect(sysctlName('net.ipv4.conf.eth0/1.forwarding')).toBe('net.ipv4.conf.eth0/1.forwarding');
  });
});
