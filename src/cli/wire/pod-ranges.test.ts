import { describe, expect, it } from 'vitest';
import { UsageError } from '../exit.ts';
import { podRanges } from './pod-ranges.ts';

const V4 = '10.42.0.0/16';
const V6 = 'fd00:42::/56';
type Settings = Parameters<typeof podRanges>[0];

describe('the parts of the pod ranges', () => {
  it.each<[Settings, number[]]>([
    [{ clusterCidr: [V4] }, [24]],
    [{ clusterCidr: [V4, V6] }, [24, 64]],
    [{ clusterCidr: [V6, V4] }, [64, 24]],
    [{ clusterCidr: ['10.42.0.0/26'] }, [26]],
    [{ clusterCidr: [V4], nodeCidrMaskSize: 22 }, [22]],
    [{ clusterCidr: [V6], nodeCidrMaskSize: 72 }, [72]],
    [{ clusterCidr: [V4], nodeCidrMaskSizeIpv4: 25 }, [25]],
    [{ clusterCidr: [V4, V6], nodeCidrMaskSizeIpv4: 25, nodeCidrMaskSizeIpv6: 60 }, [25, 60]],
  ])('of %j have %j bits', (settings, bits) => {
    expect(podRanges(settings)).toEqual(settings.clusterCidr.map((cidr, i) => ({ cidr, nodeBits: bits[i] })));
  });

  it.each<[Settings, string]>([
    [{ clusterCidr: [V4, V6], nodeCidrMaskSize: 25 }, 'does not say of which family'],
    [{ clusterCidr: [V4], nodeCidrMaskSize: 25, nodeCidrMaskSizeIpv4: 25 }, 'cannot stand beside'],
    [{ clusterCidr: [V4], nodeCidrMaskSizeIpv6: 64 }, 'no IPv6 range in --cluster-cidr'],
    [{ clusterCidr: [V6], nodeCidrMaskSizeIpv4: 24 }, 'no IPv4 range in --cluster-cidr'],
    [{ clusterCidr: [V4], nodeCidrMaskSize: 15 }, 'must have 16 to 32'],
    [{ clusterCidr: [V4], nodeCidrMaskSize: 33 }, 'must have 16 to 32'],
    [{ clusterCidr: [V4, V6], nodeCidrMaskSizeIpv6: 48 }, 'must have 56 to 128'],
  ])('%j: %s', (settings, message) => {
    expect(() => podRanges(settings)).toThrow(UsageError);
    expect(() => podRanges(settings)).toThrow(message);
  });
});
