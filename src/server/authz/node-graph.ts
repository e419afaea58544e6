import { LRUCache } from 'lru-cache';
import type { PersistentVolume, Pod, ResourceSlice, VolumeAttachment } from '../../api/schema/generated/types.ts';
import type { ObjectReader } from '../ports.ts';
import { podReferences, volumeSecrets } from './node-references-plan.ts';

/** What a node has to do with: the objects that its own pods, and what these refer to, lead to. */
export interface NodeGraph {
  /** `resource`: secrets, configmaps, persistentvolumeclaims, serviceaccounts, resourceclaims, persistentvolumes, volumeattachments, pods, resourceslices. */
  isRelated(node: string, resource: string, namespace: string, name: string): boolean;
}

/** References are read out of a pod once per version of it. */
const CACHED_PODS = 50_000;

/** Looked up from the node's end: a node has some hundred pods, however many the cluster has, and an index finds them. */
export function nodeGraph(reader: ObjectReader): NodeGraph {
  const references = new LRUCache<string, ReadonlySet<string>>({ max: CACHED_PODS });
  const referencesOf = (pod: Pod): ReadonlySet<string> => {
    const version = `${pod.metadata?.uid}/${pod.metadata?.resourceVersion}`;
    const known = pod.metadata?.resourceVersion ? references.get(version) : undefined;
    const found = known ?? podReferences(pod);
    if (!known) references.set(version, found);
    return found;
  };
  const podsOn = (node: string) => reader.listBy<Pod>('pods', 'spec.nodeName', node);
  const podRefers = (node: string, namespace: string, key: string) =>
    podsOn(node).some((pod) => pod.metadata?.namespace === namespace && referencesOf(pod).has(key));
  const usesVolume = (node: string, name: string) => {
    const claim = reader.get<PersistentVolume>('persistentvolumes', '', name)?.spec?.claimRef;
    return claim?.name !== undefined && podRefers(node, claim.namespace ?? '', `persistentvolumeclaims/${claim.name}`);
  };
  // A volume says whose it is before its claim does.
  const volumeNeeds = (node: string, secret: string) =>
    reader
      .list<PersistentVolume>('persistentvolumes')
      .some((volume) => volumeSecrets(volume).has(secret) && usesVolume(node, volume.metadata?.name ?? ''));
  return {
    isRelated(node, resource, namespace, name) {
      switch (resource) {
        case 'secrets':
          return podRefers(node, namespace, `secrets/${name}`) || volumeNeeds(node, `${namespace}/${name}`);
        case 'configmaps':
        case 'persistentvolumeclaims':
        case 'serviceaccounts':
        case 'resourceclaims':
          return podRefers(node, namespace, `${resource}/${name}`);
        case 'persistentvolumes':
          return usesVolume(node, name);
        case 'pods':
          return reader.get<Pod>('pods', namespace, name)?.spec?.nodeName === node;
        case 'volumeattachments':
          return reader.get<VolumeAttachment>('volumeattachments.storage.k8s.io', '', name)?.spec?.nodeName === node;
        case 'resourceslices':
          return reader.get<ResourceSlice>('resourceslices.resource.k8s.io', '', name)?.spec?.nodeName === node;
        default:
          return false;
      }
    },
  };
}
