import type { SeccompProfile as ApiSeccomp, Container, Pod } from '../../../api/schema/generated/types.ts';
import type {
  ContainerSecurityContext,
  Image,
  NamespaceOptions,
  SandboxSecurityContext,
  SeccompProfile,
} from '../../../runtime/runtime.ts';
import { ConfigError } from './env-plan.ts';

export function namespacesOf(pod: Pod): NamespaceOptions {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec ?? {};
  return {
    network: hostNetwork ? 'node' : 'pod',
    pid: hostPID ? 'node' : shareProcessNamespace ? 'pod' : 'container',
    ipc: hostIPC ? 'node' : 'pod',
  };
}

/** Where Localhost profiles lie, under the agent's directory. */
const seccompOf = (profile: ApiSeccomp | undefined, seccompDir: string): SeccompProfile => {
  if (profile?.type === 'RuntimeDefault') return { type: 'RuntimeDefault' };
  if (profile?.type === 'Localhost') return { type: 'Localhost', localhostRef: `${seccompDir}/${profile.localhostProfile}` };
  return { type: 'Unconfined' };
};

/** fsGroup counts as a supplemental group of every process. */
function groupsOf(pod: Pod): number[] {
  const { fsGroup, supplementalGroups = [] } = pod.spec?.securityContext ?? {};
  return fsGroup === undefined ? supplementalGroups : [...supplementalGroups, fsGroup];
}

export function sandboxSecurity(pod: Pod, seccompDir: string): SandboxSecurityContext {
  const context = pod.spec?.securityContext;
  const all = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])];
  return {
    namespaces: namespacesOf(pod),
    ...(context?.runAsUser !== undefined && { runAsUser: context.runAsUser }),
    ...(context?.runAsGroup !== undefined && { runAsGroup: context.runAsGroup }),
    supplementalGroups: groupsOf(pod),
    privileged: all.some((c) => c.securityContext?.privileged),
    // The pause process needs no more than the runtime's own profile, unless the pod says so for all.
    seccomp: context?.seccompProfile ? seccompOf(context.seccompProfile, seccompDir) : { type: 'RuntimeDefault' },
  };
}

/** Rejects with ConfigError what would run as root against runAsNonRoot. */
function checkNonRoot(pod: Pod, container: Container, image: Image): void {
  const own = container.securityContext;
  if (!(own?.runAsNonRoot ?? pod.spec?.securityContext?.runAsNonRoot)) return;
  const where = `(pod: "${pod.metadata?.name}_${pod.metadata?.namespace}(${pod.metadata?.uid})", container: ${container.name})`;
  const user = own?.runAsUser ?? pod.spec?.securityContext?.runAsUser;
  if (user === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${where}`);
  if (user !== undefined) return;
  if (image.username) {
    const name = image.username;
    throw new ConfigError(`container has runAsNonRoot and image has non-numeric user (${name}), cannot verify user is non-root ${where}`);
  }
  if ((image.uid ?? 0) === 0) throw new ConfigError(`container has runAsNonRoot and image will run as root ${where}`);
}

export interface SecurityInput {
  readonly image: Image;
  readonly seccompDir: string;
  /** For ephemeral containers: whose process namespace is joined. */
  readonly targetId?: string;
}

/** Security context of a container: its own words over the pod's (Kubernetes, "Configure a Security Context"). */
export function containerSecurity(
  pod: Pod,
  container: Container,
  { image, seccompDir, targetId }: SecurityInput,
): ContainerSecurityContext {
  checkNonRoot(pod, container, image);
  const own = container.securityContext ?? {};
  const shared = pod.spec?.securityContext ?? {};
  const user = own.runAsUser ?? shared.runAsUser;
  const group = own.runAsGroup ?? shared.runAsGroup;
  const bare = own.privileged === true || own.procMount === 'Unmasked';
  const namespaces = namespacesOf(pod);
  return {
    namespaces: targetId ? { ...namespaces, pid: 'target', targetId } : namespaces,
    ...(user !== undefined ? { runAsUser: user } : imageUser(image)),
    ...(group !== undefined && { runAsGroup: group }),
    supplementalGroups: groupsOf(pod),
    privileged: own.privileged === true,
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivs: own.allowPrivilegeEscalation === false,
    seccomp: own.privileged ? { type: 'Unconfined' } : seccompOf(own.seccompProfile ?? shared.seccompProfile, seccompDir),
    // Absent: what the runtime hides and protects by default.
    ...(bare && { maskedPaths: [], readonlyPaths: [] }),
  };
}

const imageUser = (image: Image): Pick<ContainerSecurityContext, 'runAsUser' | 'runAsUsername'> =>
  image.uid !== undefined ? { runAsUser: image.uid } : image.username ? { runAsUsername: image.username } : {};
