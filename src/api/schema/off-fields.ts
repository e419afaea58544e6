/**
 * Fields of features that are off unless somebody asks for them (pkg/features of kubernetes 1.36), and of features that are gone: what a client sends is read,
 * so that it has to fit, and left out, as upstream's strategies do before they validate.
 */
export const OFF_FIELDS: Readonly<Record<string, string>> = {
  CSIDriverSpec: 'preventPodSchedulingIfMissing',
  LeaseSpec: 'preferredHolder strategy',
  Lifecycle: 'stopSignal',
  NodeSpec: 'configSource',
  NodeStatus: 'config',
  PodSpec: 'schedulingGroup',
  RollingUpdateStatefulSetStrategy: 'maxUnavailable',
  VolumeProjection: 'clusterTrustBundle podCertificate',
};

/** Of these nothing stays when a field that is off was all that there was (dropContainerStopSignals in pkg/api/pod/util.go). */
export const goesWithOffFields = (schemaName: string): boolean => schemaName === 'Lifecycle';

export const isOff = (schemaName: string, field: string): boolean => (OFF_FIELDS[schemaName] ?? '').split(' ').includes(field);
