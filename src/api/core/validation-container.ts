import { duplicate, type FieldError, forbidden, invalid, notFoundValue, required } from '../meta/field-error.ts';
import { checkEnum, checkLabel, checkPort, checkRange, MAX_PORT, portNameFindings } from '../meta/validation.ts';
import type { Container, PodSpec, SecurityContext, VolumeMount } from '../schema/generated/types.ts';
import { checkEnv, checkEnvFrom } from './validation-env.ts';
import { checkLifecycle, checkProbes } from './validation-probe.ts';
import { checkResources } from './validation-resources.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const PROPAGATIONS = ['Bidirectional', 'HostToContainer', 'None'];
const MAX_ID = 2_147_483_647;

export function checkImage(path: string, image: string | undefined): FieldError[] {
  if (!image) return [required(path)];
  return image.trim() === image ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')];
}

function checkPorts(path: string, { ports = [] }: Container, hostNetwork: boolean): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`;
    if (port.name) {
      for (const finding of portNameFindings(port.name)) errors.push(invalid(`${at}.name`, port.name, finding));
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name));
      names.add(port.name);
    }
    if (!port.containerPort) errors.push(required(`${at}.containerPort`));
    else errors.push(...checkPort(`${at}.containerPort`, port.containerPort));
    if (port.hostPort) errors.push(...checkRange(`${at}.hostPort`, port.hostPort, 1, MAX_PORT));
    if (hostNetwork && port.hostPort && port.hostPort !== port.containerPort) {
      errors.push(invalid(`${at}.containerPort`, port.containerPort, 'must match `hostPort` when `hostNetwork` is true'));
    }
    errors.push(...checkEnum(`${at}.protocol`, port.protocol, PROTOCOLS));
  }
  return errors;
}

function checkSubPath(path: string, subPath: string | undefined): FieldError[] {
  if (!subPath) return [];
  if (subPath.startsWith('/')) return [invalid(path, subPath, 'must be a relative path')];
  return subPath.split('/').includes('..') ? [invalid(path, subPath, "must not contain '..'")] : [];
}

function checkMount(at: string, mount: VolumeMount, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  if (!mount.name) errors.push(required(`${at}.name`));
  else if (!volumes.has(mount.name)) errors.push(notFoundValue(`${at}.name`, mount.name));
  if (!mount.mountPath) errors.push(required(`${at}.mountPath`));
  errors.push(...checkSubPath(`${at}.subPath`, mount.subPath), ...checkSubPath(`${at}.subPathExpr`, mount.subPathExpr));
  if (mount.subPath && mount.subPathExpr) {
    errors.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive'));
  }
  return [...errors, ...checkEnum(`${at}.mountPropagation`, mount.mountPropagation, PROPAGATIONS)];
}

function checkMounts(path: string, mounts: readonly VolumeMount[] | undefined, volumes: ReadonlySet<string>): FieldError[] {
  const errors: FieldError[] = [];
  const paths = new Set<string>();
  for (const [index, mount] of (mounts ?? []).entries()) {
    const at = `${path}[${index}]`;
    errors.push(...checkMount(at, mount, volumes));
    if (paths.has(mount.mountPath)) errors.push(invalid(`${at}.mountPath`, mount.mountPath, 'must be unique'));
    paths.add(mount.mountPath);
  }
  return errors;
}

function checkSecurityContext(path: string, context: SecurityContext | undefined): FieldError[] {
  if (!context) return [];
  const errors = [
    ...checkRange(`${path}.runAsUser`, context.runAsUser, 0, MAX_ID),
    ...checkRange(`${path}.runAsGroup`, context.runAsGroup, 0, MAX_ID),
    ...checkEnum(`${path}.procMount`, context.procMount, ['Default', 'Unmasked']),
  ];
  if (context.allowPrivilegeEscalation !== false) return errors;
  const conflict = (what: string) =>
    errors.push(invalid(path, context, `cannot set \`allowPrivilegeEscalation\` to false and \`${what}\``));
  if (context.privileged) conflict('privileged` to `true');
  if (context.capabilities?.add?.includes('SYS_ADMIN')) conflict('capabilities.Add` CAP_SYS_ADMIN');
  return errors;
}

interface Surroundings {
  readonly volumes: ReadonlySet<string>;
  readonly hostNetwork: boolean;
}

function checkContainer(at: string, container: Container, { volumes, hostNetwork }: Surroundings): FieldError[] {
  return [
    ...(container.name ? checkLabel(`${at}.name`, container.name) : [required(`${at}.name`)]),
    ...checkImage(`${at}.image`, container.image),
    ...checkLifecycle(at, container),
    ...checkProbes(at, container),
    ...checkPorts(`${at}.ports`, container, hostNetwork),
    ...checkEnv(`${at}.env`, container.env),
    ...checkEnvFrom(`${at}.envFrom`, container.envFrom),
    ...checkMounts(`${at}.volumeMounts`, container.volumeMounts, volumes),
    ...checkEnum(`${at}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...checkEnum(`${at}.terminationMessagePolicy`, container.terminationMessagePolicy, ['FallbackToLogsOnError', 'File']),
    ...checkEnum(`${at}.restartPolicy`, container.restartPolicy, RESTART_POLICIES),
    ...checkResources(`${at}.resources`, container.resources ?? {}),
    ...checkSecurityContext(`${at}.securityContext`, container.securityContext),
  ];
}

/** Init containers that end have nothing to probe; sidecars (restartPolicy Always) do. */
function checkInitOnly(at: string, container: Container): FieldError[] {
  if (container.restartPolicy === 'Always') return [];
  const fields = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;
  return fields
    .filter((field) => container[field] !== undefined)
    .map((field) => forbidden(`${at}.${field}`, 'may not be set for init containers without restartPolicy=Always'));
}

function checkHostPorts(path: string, containers: readonly Container[]): FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  for (const [c, { ports = [] }] of containers.entries()) {
    for (const [p, { hostPort, hostIP = '', protocol = 'TCP' }] of ports.entries()) {
      if (!hostPort) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${path}[${c}].ports[${p}].hostPort`, key));
      taken.add(key);
    }
  }
  return errors;
}

/** All containers of a pod spec: each by itself, and names that are unique over the lists. */
export function checkContainers(path: string, spec: PodSpec, volumes: ReadonlySet<string>): FieldError[] {
  const around = { volumes, hostNetwork: spec.hostNetwork ?? false };
  const errors: FieldError[] = [];
  const names = new Set<string>();
  const each = (list: string, containers: readonly Container[] | undefined, extra: (at: string, c: Container) => FieldError[]) => {
    for (const [index, container] of (containers ?? []).entries()) {
      const at = `${path}.${list}[${index}]`;
      errors.push(...checkContainer(at, container, around), ...extra(at, container));
      if (container.name && names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name));
      names.add(container.name);
    }
  };
  if (!spec.containers?.length) errors.push(required(`${path}.containers`));
  each('containers', spec.containers, () => []);
  each('initContainers', spec.initContainers, checkInitOnly);
  each('ephemeralContainers', spec.ephemeralContainers, () => []);
  return [...errors, ...checkHostPorts(`${path}.containers`, spec.containers ?? [])];
}
