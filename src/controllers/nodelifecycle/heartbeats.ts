import type { KubeObject } from '../../api/meta/object.ts';
import type { Node } from '../../api/schema/generated/types.ts';
import { readyCondition } from './node-health-plan.ts';

interface Heard {
  atMs: number;
  /** The newest version of the lease, and of the node, that was looked at. */
  leaseVersion: number;
  nodeVersion: number;
  statusHeartbeat: string | undefined;
}

const versionOf = ({ metadata }: KubeObject) => Number(metadata?.resourceVersion);

/**
 * When each node was last heard of, in milliseconds of our own monotonic clock: when its lease or the heartbeat in its status changed while we
 * looked on. What the clocks of machines say does not matter, and neither does the age of a lease that was there before: after a restart of the
 * server, which may have lost renewals, each node has the whole grace period.
 */
export class NodeHeartbeats {
  readonly #heard = new Map<string, Heard>();

  /** The node was there, or its status changed. */
  sawNode(node: Node, nowMs: number): void {
    const heard = this.#of(node.metadata?.name ?? '', nowMs);
    const version = versionOf(node);
    const heartbeat = readyCondition(node)?.lastHeartbeatTime;
    if (version <= heard.nodeVersion) return;
    heard.nodeVersion = version;
    if (heartbeat !== heard.statusHeartbeat) heard.atMs = nowMs;
    heard.statusHeartbeat = heartbeat;
  }

  sawLease(name: string, lease: KubeObject, nowMs: number): void {
    const heard = this.#of(name, nowMs);
    const version = versionOf(lease);
    if (version <= heard.leaseVersion) return;
    heard.leaseVersion = version;
    heard.atMs = nowMs;
  }

  /** For how long nothing was heard of it; 0 when it was not known before. */
  silentForMs(name: string, nowMs: number): number {
    return nowMs - this.#of(name, nowMs).atMs;
  }

  /** No node could be heard, so that their silence says nothing about them. */
  startAnew(nowMs: number): void {
    for (const heard of this.#heard.values()) heard.atMs = nowMs;
  }

  forget(name: string): void {
    this.#heard.delete(name);
  }

  #of(name: string, nowMs: number): Heard {
    let heard = this.#heard.get(name);
    if (!heard) {
      heard = { atMs: nowMs, leaseVersion: -1, nodeVersion: -1, statusHeartbeat: undefined };
      this.#heard.set(name, heard);
    }
    return heard;
  }
}
