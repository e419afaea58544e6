/** Name of the network in CNI's own records, and of the bridge that joins the node's pods. */
export const CNI_NETWORK = 'minik';
export const POD_BRIDGE = 'minik0';

const ANY: Readonly<Record<4 | 6, string>> = { 4: '0.0.0.0/0', 6: '::/0' };

export interface CniFacts {
  /** The node's part of the cluster's pod addresses, one or one a family. */
  readonly podCidrs: readonly string[];
  /** Where host-local keeps which address is whose. */
  readonly ipamDir: string;
  /** Bytes; 0 leaves it to the kernel. */
  readonly mtu: number;
}

/**
 * The CNI configuration of a node: a bridge with a gateway address, addresses from the node's own range. Masquerading and host ports are
 * not the plugins' business: the service table does both (agent/proxy).
 */
export function cniConfig({ podCidrs, ipamDir, mtu }: CniFacts): string {
  const bridge = {
    type: 'bridge',
    bridge: POD_BRIDGE,
    isGateway: true,
    isDefaultGateway: false,
    ipMasq: false,
    hairpinMode: true,
    ...(mtu > 0 && { mtu }),
    ipam: {
      type: 'host-local',
      dataDir: ipamDir,
      ranges: podCidrs.map((subnet) => [{ subnet }]),
      routes: podCidrs.map((cidr) => ({ dst: ANY[cidr.includes(':') ? 6 : 4] })),
    },
  };
  return `${JSON.stringify({ cniVersion: '1.0.0', name: CNI_NETWORK, plugins: [bridge] }, null, 2)}\n`;
}
