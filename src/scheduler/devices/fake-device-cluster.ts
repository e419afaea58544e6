import { nodes, pods } from '../../api/index.ts';
import { deviceClasses } from '../../api/resource/device-class.ts';
import { resourceClaims } from '../../api/resource/resource-claim.ts';
import { resourceSlices } from '../../api/resource/resource-slice.ts';
import type { Device, ExactDeviceRequest, ResourceV1ResourceClaim } from '../../api/schema/generated/types.ts';
import { runScheduler } from '../fake-run.ts';
import { fakeNode, fakePod } from '../fake-scheduler.ts';

/** What a claim for devices of the class `gpu` says. */
export const asking = (rest: Partial<ExactDeviceRequest>) => ({
  devices: { requests: [{ name: 'r', exactly: { deviceClassName: 'gpu', allocationMode: 'ExactCount', count: 1, ...rest } }] },
});

/** A scheduler on a cluster whose nodes have devices. */
export function startWithDevices(configuration?: object) {
  const failures: string[] = [];
  const events: string[] = [];
  const running = runScheduler({
    document: configuration,
    event: (_about, _type, reason, message) => {
      events.push(`${reason}: ${message}`);
      if (reason === 'FailedScheduling') failures.push(message);
    },
  });
  const { cluster, signal } = running;
  const options = { namespace: 'default', signal };
  const slice = (node: string, devices: Device[]) =>
    cluster.seed(resourceSlices, {
      metadata: { name: node },
      spec: { driver: 'gpu.example', nodeName: node, pool: { name: node, generation: 1, resourceSliceCount: 1 }, devices },
    });
  const node = (name: string, ...devices: string[]) => {
    cluster.seed(nodes, fakeNode(name));
    if (devices.length === 0) return;
    slice(
      name,
      devices.map((device) => ({ name: device })),
    );
  };
  const gpus = () => cluster.seed(deviceClasses, { metadata: { name: 'gpu' }, spec: {} });
  const claim = (name: string, rest: Partial<ResourceV1ResourceClaim> = {}, count = 1) =>
    cluster.seed(resourceClaims, {
      metadata: { name, namespace: 'default' },
      spec: asking({ count }),
      ...rest,
    });
  const pod = (name: string, ...claims: string[]) =>
    cluster.seed(
      pods,
      fakePod({ resourceClaims: claims.map((resourceClaimName) => ({ name: resourceClaimName, resourceClaimName })) }, undefined, {
        name,
        namespace: 'default',
      }),
    );
  return {
    ...running,
    options,
    failures,
    events,
    node,
    slice,
    gpus,
    claim,
    pod,
    nominatedOf: (name: string) => cluster.find(pods, `default/${name}`)?.status?.nominatedNodeName,
    claimNow: (name: string) => cluster.find(resourceClaims, `default/${name}`),
    devicesOf: (name: string) =>
      cluster.find(resourceClaims, `default/${name}`)?.status?.allocation?.devices?.results?.map(({ pool, device }) => `${pool}/${device}`),
  };
}
