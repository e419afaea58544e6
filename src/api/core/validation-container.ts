import { duplicate, type FieldError, forbidden, invalid, notFoundValue, notSupported, required, tooMany } from '../meta/field-error.ts';
import { checkEnum, checkLabel, checkPort, portNameFindings } from '../meta/validation.ts';
import type {
  Container,
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRule,
  EphemeralContainer,
  PodSpec,
} from '../schema/generated/types.ts';
import { checkEnv, checkEnvFrom } from './validation-env.ts';
import { checkDevices, checkMounts, type Volumes } from './validation-mounts.ts';
import { checkLifecycleAndProbes } from './validation-probe.ts';
import { checkContainerResourceName, checkResources } from './validation-resources.ts';
import { checkSecurityContext } from './validation-security.ts';

const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const RESTART_POLICIES = ['Always', 'Never', 'OnFailure'];
const RULE_ACTIONS = ['Restart', 'RestartAllContainers'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const MAX_RULES = 20;
const MAX_EXIT_CODES = 255;

/** What the checks of containers need to know about the pod around them. */
export interface PodAround {
  readonly volumes: Volumes;
  readonly claims: ReadonlySet<string>;
  readonly graceSeconds: number | undefined;
  readonly restartPolicy: string | undefined;
  readonly hostUsers: boolean;
}

export const checkImagePadding = (path: string, image = ''): FieldError[] =>
  image.trim() === image ? [] : [invalid(path, image, 'must not have leading or trailing whitespace')];

function checkPorts(path: string, ports: readonly ContainerPort[] | undefined): FieldError[] {
  const errors: FieldError[] = [];
  const names = new Set<string>();
  for (const [index, { name, containerPort, hostPort, protocol }] of (ports ?? []).entries()) {
    const at = `${path}[${index}]`;
    if (name) {
      const findings = portNameFindings(name);
      for (const finding of findings) errors.push(invalid(`${at}.name`, name, finding));
      if (findings.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    if (!containerPort) errors.push(required(`${at}.containerPort`));
    else errors.push(...checkPort(`${at}.containerPort`, containerPort));
    if (hostPort) errors.push(...checkPort(`${at}.hostPort`, hostPort));
    errors.push(...checkEnum(`${at}.protocol`, protocol, PROTOCOLS));
  }
  return errors;
}

function checkResizePolicies(path: string, policies: readonly ContainerResizePolicy[], podPolicy: string | undefined): FieldError[] {
  const seen = new Set<string>();
  return policies.flatMap(({ resourceName = '', restartPolicy = '' }, index) => {
    const errors = seen.has(resourceName) ? [duplicate(`${path}[${index}]`, resourceName)] : [];
    seen.add(resourceName);
    errors.push(...(resourceName ? checkEnum(path, resourceName, ['cpu', 'memory']) : [required(path)]));
    errors.push(...(restartPolicy ? checkEnum(path, restartPolicy, ['NotRequired', 'RestartContainer']) : [required(path)]));
    if (podPolicy === 'Never' && restartPolicy !== 'NotRequired') {
      errors.push(invalid(path, restartPolicy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'"));
    }
    return errors;
  });
}

/** Everything that all kinds of containers have in common. */
function checkContainer(at: string, container: Container, around: PodAround): FieldError[] {
  const { name, image, terminationMessagePolicy, resizePolicy } = container;
  return [
    ...(name ? checkLabel(`${at}.name`, name) : [required(`${at}.name`)]),
    ...(image ? [] : [required(`${at}.image`)]),
    ...checkEnum(`${at}.terminationMessagePolicy`, terminationMessagePolicy, ['File', 'FallbackToLogsOnError']),
    ...checkPorts(`${at}.ports`, container.ports),
    ...checkEnv(`${at}.env`, container.env),
    ...checkEnvFrom(`${at}.envFrom`, container.envFrom),
    ...checkMounts(`${at}.volumeMounts`, container, around.volumes),
    ...checkDevices(`${at}.volumeDevices`, container, around.volumes),
    ...checkEnum(`${at}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...checkResources(`${at}.resources`, container.resources ?? {}, checkContainerResourceName, around.claims),
    ...(resizePolicy ? checkResizePolicies(`${at}.resizePolicy`, resizePolicy, around.restartPolicy) : []),
    ...checkSecurityContext(`${at}.securityContext`, container.securityContext, around.hostUsers),
  ];
}

function checkRule(at: string, { action = '', exitCodes }: ContainerRestartRule): FieldError[] {
  const errors = checkEnum(`${at}.action`, action, RULE_ACTIONS);
  if (!exitCodes) return [...errors, required(`${at}.exitCodes`, 'must be specified')];
  const { operator = '', values = [] } = exitCodes;
  const path = `${at}.exitCodes`;
  errors.push(...checkEnum(`${path}.operator`, operator, ['In', 'NotIn']));
  if (values.length > MAX_EXIT_CODES) errors.push(tooMany(`${path}.values`, values.length, MAX_EXIT_CODES));
  return errors;
}

/** A container may restart by other rules than its pod (KEP-5307). */
function checkRestart(at: string, { restartPolicy, restartPolicyRules }: Container): FieldError[] {
  const errors: FieldError[] = [];
  if (restartPolicy === undefined) {
    if (restartPolicyRules?.length) errors.push(required(`${at}.restartPolicy`, 'must specify restartPolicy when restart rules are used'));
  } else if (!RESTART_POLICIES.includes(restartPolicy)) {
    errors.push(notSupported(`${at}.restartPolicy`, restartPolicy, RESTART_POLICIES));
  }
  const rules = restartPolicyRules ?? [];
  if (rules.length > MAX_RULES) errors.push(tooMany(`${at}.restartPolicyRules`, rules.length, MAX_RULES));
  return [...errors, ...rules.flatMap((rule, i) => checkRule(`${at}.restartPolicyRules[${i}]`, rule))];
}

function checkHostPorts(at: (index: number) => string, containers: readonly Container[]): FieldError[] {
  const errors: FieldError[] = [];
  const taken = new Set<string>();
  for (const [c, { ports }] of containers.entries()) {
    for (const [p, { hostPort, hostIP = '', protocol = 'TCP' }] of (ports ?? []).entries()) {
      if (!hostPort) continue;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (taken.has(key)) errors.push(duplicate(`${at(c)}.ports[${p}].hostPort`, key));
      taken.add(key);
    }
  }
  return errors;
}

function checkAppContainers(path: string, containers: readonly Container[], around: PodAround): FieldError[] {
  if (containers.length === 0) return [required(path)];
  const names = new Set<string | undefined>();
  const errors = containers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const own = checkContainer(at, container, around);
    if (names.has(container.name)) own.push(duplicate(`${at}.name`, container.name ?? ''));
    names.add(container.name);
    own.push(...checkLifecycleAndProbes(at, container, around.graceSeconds), ...checkRestart(at, container));
    return own;
  });
  return [...errors, ...checkHostPorts((index) => `${path}[${index}]`, containers)];
}

const ENDLESS_ONLY = ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe'] as const;

/** An init container that ends would begin anew. */
const checkResizeOfEnding = (path: string, { resizePolicy = [] }: Container): FieldError[] =>
  resizePolicy.flatMap(({ restartPolicy }, i) =>
    restartPolicy === 'RestartContainer'
      ? [invalid(`${path}[${i}].restartPolicy`, restartPolicy, "must not be set to 'RestartContainer' for non-sidecar initContainers")]
      : [],
  );

/** Init containers that end have nothing to probe; sidecars (restartPolicy Always) do. */
function checkInitContainers(path: string, { containers = [], initContainers = [] }: PodSpec, around: PodAround): FieldError[] {
  const names = new Set(containers.map(({ name }) => name));
  return initContainers.flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const errors = [...checkContainer(at, container, around), ...checkRestart(at, container)];
    if (names.has(container.name)) errors.push(duplicate(`${at}.name`, container.name ?? ''));
    else if (container.name) names.add(container.name);
    errors.push(...checkHostPorts(() => `${path}[0]`, [container]));
    if (container.restartPolicy === 'Always') return [...errors, ...checkLifecycleAndProbes(at, container, around.graceSeconds)];
    const detail = 'may not be set for init containers without restartPolicy=Always';
    errors.push(...ENDLESS_ONLY.filter((field) => container[field]).map((field) => forbidden(`${at}.${field}`, detail)));
    return [...errors, ...checkResizeOfEnding(`${at}.resizePolicy`, container)];
  });
}

const NOT_EPHEMERAL = [
  'ports',
  'resources',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'resizePolicy',
  'restartPolicy',
] as const;
const isGiven = (value: unknown) => value !== undefined && Object.keys(value as object).length > 0;

function checkEphemeral(at: string, container: EphemeralContainer): FieldError[] {
  const detail = 'cannot be set for an Ephemeral Container';
  const fields = NOT_EPHEMERAL.filter((field) => isGiven(container[field])).map((field) => forbidden(`${at}.${field}`, detail));
  const paths = (container.volumeMounts ?? []).flatMap(({ subPath, subPathExpr }, i) => [
    ...(subPath ? [forbidden(`${at}.volumeMounts[${i}].subPath`, detail)] : []),
    ...(subPathExpr ? [forbidden(`${at}.volumeMounts[${i}].subPathExpr`, detail)] : []),
  ]);
  return [...fields, ...paths];
}

/** Containers that are added to debug a running pod: no promise rests on them. */
function checkEphemeralContainers(path: string, spec: PodSpec, around: PodAround): FieldError[] {
  const others = new Set([...(spec.containers ?? []), ...(spec.initContainers ?? [])].map(({ name }) => name));
  const names = new Set(others);
  return (spec.ephemeralContainers ?? []).flatMap((container, index) => {
    const at = `${path}[${index}]`;
    const { name, image, targetContainerName } = container;
    const errors = [...checkContainer(at, container, around), ...checkImagePadding(`${at}.image`, image)];
    if (names.has(name)) errors.push(duplicate(`${at}.name`, name));
    names.add(name);
    if (targetContainerName && !others.has(targetContainerName)) {
      errors.push(notFoundValue(`${at}.targetContainerName`, targetContainerName));
    }
    return [...errors, ...checkEphemeral(at, container)];
  });
}

/** All containers of a pod spec: each by itself, and names that are unique over the lists. */
export const checkContainers = (path: string, spec: PodSpec, around: PodAround): FieldError[] => [
  ...checkAppContainers(`${path}.containers`, spec.containers ?? [], around),
  ...checkInitContainers(`${path}.initContainers`, spec, around),
  ...checkEphemeralContainers(`${path}.ephemeralContainers`, spec, around),
];
