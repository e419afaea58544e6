import type { Pod } from '../../../src/api/schema/generated/types.ts';
import { rfc3339, rfc3339Micro } from '../../../src/base/clock.ts';
import { connect } from './connection.ts';
import { eventLines } from './event-lines.ts';
import type { NodesJob, NodesResult } from './job.ts';
import { type PooledRequest, RequestPool } from './request-pool.ts';
import { ResponseReader } from './response-reader.ts';

/** As a kubelet does it: a lease every 10 s, a status every 5 minutes when nothing changes. */
const LEASE_MS = 10_000;
const STATUS_MS = 300_000;
const HEART_CONNECTIONS = 8;
const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

export const nodeName = (index: number): string => `sim-${index}`;
const now = () => rfc3339(Date.now());

const nodeStatus = () => {
  const resources = { cpu: '32', memory: '128Gi', pods: '110', 'ephemeral-storage': '200Gi' };
  const conditions = ['MemoryPressure', 'DiskPressure', 'PIDPressure', 'Ready'].map((type) => ({
    type,
    status: type === 'Ready' ? 'True' : 'False',
    reason: 'Simulated',
    message: 'simulated by the bench',
    lastHeartbeatTime: now(),
    lastTransitionTime: now(),
  }));
  return { capacity: resources, allocatable: resources, conditions };
};

const renewal = () => ({ spec: { renewTime: rfc3339Micro(Date.now()) } });

function registration(name: string): PooledRequest[] {
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
  const spec = { holderIdentity: name, leaseDurationSeconds: 40, renewTime: rfc3339Micro(Date.now()) };
  return [
    { method: 'POST', path: '/api/v1/nodes', body: { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } }, statuses: [201] },
    { method: 'PATCH', path: `/api/v1/nodes/${name}/status`, contentType: MERGE, body: { status: nodeStatus() }, statuses: [200] },
    {
      method: 'POST',
      path: LEASES,
      body: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec },
      statuses: [201],
    },
  ];
}

/** The status of a pod whose containers run and are ready, as a kubelet writes it. */
function runningStatus({ spec }: Pod, podIP: string): object {
  const at = now();
  const conditions = ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady'];
  const containers = spec?.containers ?? [];
  return {
    phase: 'Running',
    hostIP: '198.18.0.1',
    hostIPs: [{ ip: '198.18.0.1' }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime: at,
    conditions: conditions.map((type) => ({ type, status: 'True', lastTransitionTime: at })),
    containerStatuses: containers.map(({ name, image }) => ({
      name,
      image,
      imageID: `sha256:${'0'.repeat(64)}`,
      containerID: `containerd://${podIP}`,
      ready: true,
      started: true,
      restartCount: 0,
      state: { running: { startedAt: at } },
    })),
  };
}

const statusPatch = (path: string, uid: string, status: object): PooledRequest => ({
  method: 'PATCH',
  path: `${path}/status`,
  contentType: STRATEGIC,
  body: { metadata: { uid }, status },
  statuses: [200, 404, 409],
});

/** By a server that did not hear of its node for a while: the kubelet corrects it. */
const isThoughtUnready = ({ status }: Pod): boolean =>
  status?.phase === 'Running' && (status.conditions?.some((c) => c.type === 'Ready' && c.status === 'False') ?? false);

/** Runs what is bound to it by saying so, and ends what is to go. */
class SimulatedNodes {
  readonly #pool: RequestPool;
  /** Signs of life do not wait behind pods: each kubelet has a connection of its own for them. */
  readonly #heart: RequestPool;
  readonly #known = new Map<string, 'started' | 'ended'>();
  readonly result: { started: number; ended: number; leases: number } = { started: 0, ended: 0, leases: 0 };

  constructor(pool: RequestPool, heart: RequestPool) {
    this.#pool = pool;
    this.#heart = heart;
  }

  async register(count: number): Promise<void> {
    const one = async (name: string) => {
      for (const request of registration(name)) await this.#pool.send(request);
    };
    await Promise.all(Array.from({ length: count }, (_, index) => one(nodeName(index))));
  }

  /** Evenly over the time between two signs of life of one node. */
  beat(count: number): void {
    let turn = 0;
    setInterval(() => {
      const name = nodeName(turn % count);
      const isStatusDue = Math.floor(turn / count) % (STATUS_MS / LEASE_MS) === turn % (STATUS_MS / LEASE_MS);
      turn += 1;
      this.result.leases += 1;
      void this.#heart.send({ method: 'PATCH', path: `${LEASES}/${name}`, contentType: MERGE, body: renewal(), statuses: [200] });
      if (!isStatusDue) return;
      const body = { status: { conditions: nodeStatus().conditions } };
      void this.#heart.send({ method: 'PATCH', path: `/api/v1/nodes/${name}/status`, contentType: STRATEGIC, body, statuses: [200] });
    }, LEASE_MS / count);
  }

  see({ type, object }: { type: string; object: Pod }): void {
    const { uid = '', name, namespace, deletionTimestamp } = object.metadata ?? {};
    const path = `/api/v1/namespaces/${namespace}/pods/${name}`;
    if (type === 'DELETED') this.#known.delete(uid);
    else if (deletionTimestamp && this.#known.get(uid) !== 'ended') {
      this.#known.set(uid, 'ended');
      const body = { gracePeriodSeconds: 0, preconditions: { uid } };
      void this.#pool.send({ method: 'DELETE', path, body, statuses: [200, 404, 409] }).then(() => {
        this.result.ended += 1;
      });
    } else if (!deletionTimestamp && object.spec?.nodeName && object.status?.phase === 'Pending' && !this.#known.has(uid)) {
      this.#known.set(uid, 'started');
      const number = this.result.started++;
      const ip = `10.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
      void this.#pool.send(statusPatch(path, uid, runningStatus(object, ip)));
    } else if (this.#known.get(uid) === 'started' && isThoughtUnready(object)) {
      void this.#pool.send(statusPatch(path, uid, runningStatus(object, object.status?.podIP ?? '')));
    }
  }
}

async function watchPods({ endpoint }: NodesJob, see: (event: { type: string; object: Pod }) => void): Promise<void> {
  const connection = await connect(endpoint);
  const { promise, resolve } = Promise.withResolvers<void>();
  const lines = eventLines((line) => see(JSON.parse(line.toString()) as { type: string; object: Pod }));
  const reader = new ResponseReader({
    head: (status) => {
      if (status !== 200) throw new Error(`watch: ${status}`);
      resolve();
    },
    body: lines,
    end: () => {
      throw new Error('the server ended a watch');
    },
  });
  connection.onData = (data) => reader.read(data);
  const path = `/api/v1/pods?watch=true&resourceVersion=0&timeoutSeconds=3600&fieldSelector=${encodeURIComponent('spec.nodeName!=')}`;
  connection.write(`GET ${path} HTTP/1.1\r\nhost: ${endpoint.host}\r\naccept: application/json\r\n\r\n`);
  return promise;
}

/** Until told to stop. */
export async function runNodes(job: NodesJob, { ready, stopped }: { ready: () => void; stopped: Promise<void> }): Promise<NodesResult> {
  const nodes = new SimulatedNodes(new RequestPool(job.endpoint, job.connections), new RequestPool(job.endpoint, HEART_CONNECTIONS));
  await nodes.register(job.nodes);
  nodes.beat(job.nodes);
  await watchPods(job, (event) => nodes.see(event));
  ready();
  await stopped;
  const { user, system } = process.cpuUsage();
  return { ...nodes.result, cpuSeconds: (user + system) / 1e6 };
}
