import { qualifiedNameFindings } from '../meta/names.ts';

/** What the names of resources say about them (kubernetes, pkg/apis/core/helper). */

const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const COUNTED = [
  'pods',
  'resourcequotas',
  'services',
  'replicationcontrollers',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const QUOTA = new Set([...COMPUTE.flatMap((name) => [name, `requests.${name}`, `limits.${name}`]), ...COUNTED, 'requests.storage']);
const COUNTED_SET = new Set(COUNTED);
const COMPUTE_SET = new Set(COMPUTE);

export const isHugePages = (name: string): boolean => name.startsWith('hugepages-');
/** Kubernetes' own: without a domain, or in its own. */
export const isNativeResource = (name: string): boolean => !name.includes('/') || name.includes('kubernetes.io/');
export const isStandardResource = (name: string): boolean => QUOTA.has(name) || name === 'storage' || isHugePages(name);
export const isContainerResource = (name: string): boolean => COMPUTE_SET.has(name) || isHugePages(name);
export const isQuotaResource = (name: string): boolean => QUOTA.has(name) || isHugePages(name) || name.startsWith('requests.hugepages-');
/** May requests stay below limits? Native resources can be promised twice; huge pages and devices cannot. */
export const isOvercommitAllowed = (name: string): boolean => isNativeResource(name) && !isHugePages(name);
export const isExtendedResource = (name: string): boolean =>
  !isNativeResource(name) && !name.startsWith('requests.') && qualifiedNameFindings(`requests.${name}`).length === 0;
export const isIntegerResource = (name: string): boolean => COUNTED_SET.has(name) || isExtendedResource(name);
