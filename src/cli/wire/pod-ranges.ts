import { parseCidr } from '../../base/ip.ts';
import type { PodRange } from '../../controllers/nodeipam/nodeipam.ts';
import { UsageError } from '../exit.ts';
import type { ServerSettings } from './settings.ts';

type Sizes = Pick<ServerSettings, 'clusterCidr' | 'nodeCidrMaskSize' | 'nodeCidrMaskSizeIpv4' | 'nodeCidrMaskSizeIpv6'>;

/** kube-controller-manager's defaults: 256 addresses of IPv4 a node, a /64 of IPv6. */
const DEFAULT_BITS = { 32: 24, 128: 64 } as const;

/**
 * The ranges that nodes get their parts of, and how large a part is. The flags fit each other as kube-controller-manager's do: one size for a cluster of one family, or one
 * for each family. Throws UsageError.
 */
export function podRanges(settings: Sizes): readonly PodRange[] {
  const { clusterCidr, nodeCidrMaskSize: common, nodeCidrMaskSizeIpv4: ipv4, nodeCidrMaskSizeIpv6: ipv6 } = settings;
  if (common !== undefined && clusterCidr.length > 1) {
    throw new UsageError(
      '--node-cidr-mask-size does not say of which family it is: use --node-cidr-mask-size-ipv4 and --node-cidr-mask-size-ipv6',
    );
  }
  if (common !== undefined && (ipv4 ?? ipv6) !== undefined) {
    throw new UsageError('--node-cidr-mask-size cannot stand beside --node-cidr-mask-size-ipv4 or --node-cidr-mask-size-ipv6');
  }
  const hasIpv6 = clusterCidr.some((cidr) => cidr.includes(':'));
  const hasIpv4 = clusterCidr.some((cidr) => !cidr.includes(':'));
  if (ipv6 !== undefined && !hasIpv6) throw new UsageError('--node-cidr-mask-size-ipv6 has no IPv6 range in --cluster-cidr to divide');
  if (ipv4 !== undefined && !hasIpv4) throw new UsageError('--node-cidr-mask-size-ipv4 has no IPv4 range in --cluster-cidr to divide');
  return clusterCidr.map((cidr) => {
    const { prefixBits = 0, width = 32 } = parseCidr(cidr) ?? {};
    const asked = (width === 32 ? ipv4 : ipv6) ?? common;
    if (asked !== undefined && (asked < prefixBits || asked > width)) {
      throw new UsageError(
        `a node's part of --cluster-cidr ${cidr} cannot have a mask of ${asked} bits: it must have ${prefixBits} to ${width}`,
      );
    }
    // A range that is smaller than the default part is one node's.
    return { cidr, nodeBits: asked ?? Math.max(prefixBits, DEFAULT_BITS[width]) };
  });
}
