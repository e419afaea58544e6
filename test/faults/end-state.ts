import type {
  CronJob,
  DaemonSet,
  Deployment,
  EndpointSlice,
  Job,
  Node,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  PodDisruptionBudget,
  ReplicaSet,
  ResourceQuota,
  StatefulSet,
  V2HorizontalPodAutoscaler,
  VolumeAttachment,
} from '../../src/api/schema/generated/types.ts';
import { ATTACHMENTS } from './fake-attacher.ts';
import { isActive, isGoing, isJobFinished, isOver, isReady, ordinalOf, ownerOf } from './pod-facts.ts';
import type { Truth } from './truth.ts';
import { loadOf, NAMESPACE, USAGE, uniqueNameOf } from './workload-objects.ts';

/** kube-controller-manager --horizontal-pod-autoscaler-tolerance. */
const TOLERANCE = 0.1;

type Problems = (truth: Truth) => string[];

const podsOf = (truth: Truth, uid: string | undefined) => truth.all<Pod>('pods').filter((pod) => ownerOf(pod)?.uid === uid);
const imageOf = (object: { spec?: { containers?: { image?: string }[] } } | undefined) => object?.spec?.containers?.[0]?.image;
const at = <T extends object>(truth: Truth, resource: string, name: string) => truth.get<T>(resource, `${NAMESPACE}/${name}`);
const differ = (what: string, is: unknown, wanted: unknown) =>
  JSON.stringify(is) === JSON.stringify(wanted) ? [] : [`${what}: ${JSON.stringify(is)}, wanted ${JSON.stringify(wanted)}`];

const deployment =
  (name: string): Problems =>
  (truth) => {
    const web = at<Deployment>(truth, 'deployments.apps', name);
    if (!web) return [];
    const { replicas = 1, template } = web?.spec ?? {};
    const sets = truth.all<ReplicaSet>('replicasets.apps').filter((rs) => ownerOf(rs)?.uid === web?.metadata?.uid);
    const pods = sets.flatMap((rs) => podsOf(truth, rs.metadata?.uid)).filter(isActive);
    const { status = {} } = web;
    const none = (count: number | undefined) => count ?? 0;
    return [
      ...differ(
        `sizes of the replica sets of ${name}`,
        sets.map((rs) => rs.spec?.replicas ?? 0).filter((size) => size > 0),
        replicas > 0 ? [replicas] : [],
      ),
      ...differ(`ready pods of ${name}`, pods.filter(isReady).map(imageOf), Array(replicas).fill(imageOf(template))),
      ...differ(`pods of ${name}`, pods.length, replicas),
      ...differ(
        `status of ${name}`,
        [status.replicas, status.updatedReplicas, status.readyReplicas, status.availableReplicas].map(none),
        Array(4).fill(replicas),
      ),
      ...differ(`generation that ${name} observed`, status.observedGeneration, web?.metadata?.generation),
    ];
  };

const statefulSet: Problems = (truth) => {
  const db = at<StatefulSet>(truth, 'statefulsets.apps', 'db');
  const { replicas = 1, template } = db?.spec ?? {};
  const pods = podsOf(truth, db?.metadata?.uid);
  const names = pods.filter(isReady).map((pod) => `${pod.metadata?.name} ${imageOf(pod)}`);
  const wanted = Array.from({ length: replicas }, (_, ordinal) => `db-${ordinal} ${imageOf(template)}`);
  return [
    ...differ('ready pods of db', names.sort(), wanted),
    ...differ('pods of db', pods.length, replicas),
    ...differ('status of db', [db?.status?.replicas, db?.status?.readyReplicas ?? 0], [replicas, replicas]),
    ...differ('revision of db', db?.status?.currentRevision, db?.status?.updateRevision),
  ];
};

const daemonSet: Problems = (truth) => {
  const agent = at<DaemonSet>(truth, 'daemonsets.apps', 'agent');
  const nodes = truth.all<Node>('nodes').map((node) => node.metadata?.name);
  const pods = podsOf(truth, agent?.metadata?.uid).filter((pod) => isActive(pod) && isReady(pod));
  return [
    ...differ('nodes of agent', pods.map((pod) => pod.spec?.nodeName).sort(), [...nodes].sort()),
    ...differ('images of agent', [...new Set(pods.map(imageOf))], [imageOf(agent?.spec?.template)]),
    ...differ('status of agent', agent?.status?.numberReady, nodes.length),
  ];
};

const job: Problems = (truth) => {
  const work = at<Job>(truth, 'jobs.batch', 'work');
  const pods = podsOf(truth, work?.metadata?.uid);
  return [
    ...differ('work is finished', work && isJobFinished(work), true),
    ...differ('active pods of work', pods.filter(isActive).length, 0),
    ...differ('active by the status of work', work?.status?.active ?? 0, 0),
    ...differ('pods of work with finalizers', pods.filter((pod) => pod.metadata?.finalizers?.length).length, 0),
    ...differ('pods of work not counted', work?.status?.uncountedTerminatedPods ?? {}, {}),
  ];
};

const policies: Problems = (truth) => {
  const budget = at<PodDisruptionBudget>(truth, 'poddisruptionbudgets.policy', 'web');
  const matching = truth.all<Pod>('pods').filter((pod) => pod.metadata?.labels?.app === 'web' && isActive(pod) && isReady(pod));
  const quota = at<ResourceQuota>(truth, 'resourcequotas', 'quota');
  const used = truth.all<Pod>('pods').filter((pod) => pod.metadata?.namespace === NAMESPACE && !isOver(pod)).length;
  return [
    ...differ('healthy pods that the budget counts', budget?.status?.currentHealthy, matching.length),
    ...differ('pods that the quota counts', quota?.status?.used?.pods, String(used)),
  ];
};

const leftovers: Problems = (truth) => {
  const nodes = new Set(truth.all<Node>('nodes').map((node) => node.metadata?.name));
  const pods = truth.all<Pod>('pods');
  return [
    ...differ(
      'pods that are still going',
      pods.filter(isGoing).map((pod) => pod.metadata?.name),
      [],
    ),
    ...differ(
      'pods of nodes that are gone',
      pods.filter((pod) => !nodes.has(pod.spec?.nodeName)).map((pod) => pod.metadata?.name),
      [],
    ),
  ];
};

const cronJob: Problems = (truth) => {
  const tick = at<CronJob>(truth, 'cronjobs.batch', 'tick');
  if (!tick) return [];
  const own = truth.all<Job>('jobs.batch').filter((j) => ownerOf(j)?.uid === tick.metadata?.uid);
  const kept = tick.spec.successfulJobsHistoryLimit ?? 0;
  return [
    ...differ('jobs of tick that run', own.filter((j) => !isJobFinished(j)).length, 0),
    ...differ('active by the status of tick', tick.status?.active ?? [], []),
    ...['Complete', 'Failed'].flatMap((type) => {
      const ended = own.filter((j) => j.status?.conditions?.some((c) => c.type === type && c.status === 'True'));
      return ended.length > kept ? [`${ended.length} jobs of tick are ${type}, at most ${kept} wanted`] : [];
    }),
  ];
};

const autoscaler = (truth: Truth, busy: number): string[] => {
  const hpa = at<V2HorizontalPodAutoscaler>(truth, 'horizontalpodautoscalers.autoscaling', 'api');
  if (!hpa) return [];
  const { minReplicas: least = 1, maxReplicas: most } = hpa.spec;
  const size = at<Deployment>(truth, 'deployments.apps', 'api')?.spec?.replicas ?? 1;
  const usageOf = (pods: number) => Math.round(loadOf(busy) / pods);
  const isTolerated = (pods: number) => Math.abs(usageOf(pods) - USAGE) <= USAGE * TOLERANCE;
  // A size that will do is not changed to the one that fits best.
  const wanted = isTolerated(size) && size >= least && size <= most ? size : Math.min(Math.max(busy, least), most);
  const reasonOf = (type: string) => hpa.status?.conditions?.find((c) => c.type === type)?.reason;
  // What became ready in a future that the clock was set back from counts as unready until then, and the autoscaler looks anew.
  const limit = isTolerated(wanted) || busy === wanted ? 'DesiredWithinRange' : busy > wanted ? 'TooManyReplicas' : 'TooFewReplicas';
  return [
    ...differ('size of api', size, wanted),
    ...differ('size that the autoscaler wants', hpa.status?.desiredReplicas, wanted),
    ...differ('usage that the autoscaler has seen', hpa.status?.currentMetrics?.[0]?.resource?.current.averageValue, `${usageOf(wanted)}m`),
    ...differ('what the autoscaler waits for', reasonOf('AbleToScale'), 'ReadyForNewScale'),
    ...differ('what limits the autoscaler', reasonOf('ScalingLimited'), limit),
  ];
};

/** Volumes are attached where the pods of db run, and nowhere else; nodes know. */
const attachments: Problems = (truth) => {
  const db = at<StatefulSet>(truth, 'statefulsets.apps', 'db');
  const wanted = podsOf(truth, db?.metadata?.uid).flatMap(({ metadata, spec }) =>
    (spec?.volumes ?? []).flatMap(({ persistentVolumeClaim }) => {
      const claim = truth.get<PersistentVolumeClaim>(
        'persistentvolumeclaims',
        `${metadata?.namespace}/${persistentVolumeClaim?.claimName}`,
      );
      return claim?.spec?.volumeName ? [{ node: spec?.nodeName ?? '', volume: claim.spec.volumeName }] : [];
    }),
  );
  const shown = truth
    .all<Node>('nodes')
    .flatMap(({ metadata, status }) =>
      [status?.volumesAttached?.map(({ name }) => name) ?? [], status?.volumesInUse ?? []].map(
        (names) => `${metadata?.name} ${names.toSorted()}`,
      ),
    );
  const should = truth.all<Node>('nodes').flatMap(({ metadata }) => {
    const names = wanted.flatMap(({ node, volume }) => (node === metadata?.name ? [uniqueNameOf(volume)] : []));
    return [names, names].map((all) => `${metadata?.name} ${all.toSorted()}`);
  });
  const placed = truth.all<VolumeAttachment>(ATTACHMENTS).map(({ spec }) => `${spec.source.persistentVolumeName} on ${spec.nodeName}`);
  return [
    ...differ('attached volumes', placed.toSorted(), wanted.map(({ node, volume }) => `${volume} on ${node}`).toSorted()),
    ...differ('volumes that nodes tell of', shown, should),
  ];
};

const volumes: Problems = (truth) => {
  const db = at<StatefulSet>(truth, 'statefulsets.apps', 'db');
  if (!db?.spec?.volumeClaimTemplates) return [];
  const { replicas = 1 } = db.spec;
  const claims = truth.all<PersistentVolumeClaim>('persistentvolumeclaims');
  const holders = (claim: PersistentVolumeClaim) =>
    truth
      .all<PersistentVolume>('persistentvolumes')
      .flatMap((pv) => (pv.spec?.claimRef?.uid === claim.metadata?.uid ? [pv.metadata?.name] : []));
  const ordinals = new Set(claims.map(ordinalOf));
  const missing = Array.from({ length: replicas }, (_, i) => i).filter((i) => !ordinals.has(i));
  return [
    ...differ('members of db without a claim', missing, []),
    ...claims.flatMap((claim) => [
      ...differ(`phase of ${claim.metadata?.name}`, claim.status?.phase, 'Bound'),
      ...differ(`volumes of ${claim.metadata?.name}`, holders(claim), [claim.spec?.volumeName]),
    ]),
  ];
};

/** Everything that somebody owned is gone with the last of its owners. */
const orphans: Problems = (truth) => {
  const uids = new Set(truth.everything().map(({ metadata }) => metadata?.uid));
  const left = truth.everything().filter(({ metadata }) => {
    const owners = metadata?.ownerReferences ?? [];
    return owners.length > 0 && owners.every(({ uid }) => !uids.has(uid));
  });
  return differ(
    'objects whose owners are gone',
    left.map(({ metadata }) => metadata?.name),
    [],
  );
};

/** What the Service leads to: each ready pod of web once. */
const endpoints: Problems = (truth) => {
  const slices = truth.all<EndpointSlice>('endpointslices.discovery.k8s.io').filter((slice) => ownerOf(slice)?.name === 'web');
  const ready = slices.flatMap(({ endpoints: all }) => (all ?? []).flatMap((e) => (e.conditions?.ready ? e.addresses : [])));
  const wanted = truth.all<Pod>('pods').filter((pod) => pod.metadata?.labels?.app === 'web' && isActive(pod) && isReady(pod));
  return differ('endpoints of web', ready.toSorted(), wanted.map(({ status }) => status?.podIP ?? '').toSorted());
};

const briefJob: Problems = (truth) => differ('brief is there', at<Job>(truth, 'jobs.batch', 'brief') !== undefined, false);

/** What is not as it should be, once everything has had its time. Empty: all is well. `busy`: how many pods the load on `api` takes. */
export const problemsAtTheEnd = (truth: Truth, busy: number): string[] => [
  ...['web', 'cache', 'api'].map(deployment).flatMap((problems) => problems(truth)),
  ...[statefulSet, daemonSet, job, briefJob, cronJob, volumes, attachments, policies, endpoints, orphans, leftovers].flatMap((problems) =>
    problems(truth),
  ),
  ...autoscaler(truth, busy),
];
