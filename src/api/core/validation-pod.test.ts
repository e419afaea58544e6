import { describe, expect, it } from 'vitest';
import * as api from '../index.ts';
import type { Container, Pod, PodSpec, PodTemplateSpec, Volume } from '../schema/generated/types.ts';
import { checkPodTemplate } from './validation-pod-spec.ts';

const context = { now: '2026-01-01T00:00:00Z', user: { name: 'u', groups: [] }, subresource: '' };
const lines = (errors: readonly { path: string; message: string }[] | undefined) => (errors ?? []).map((e) => `${e.path}: ${e.message}`);

/** Findings about a pod with one sound container, changed as the row says. */
function findings(spec: Partial<PodSpec>, metadata: Pod['metadata'] = { name: 'p' }): string[] {
  const pod: Pod = structuredClone({ metadata, spec: { containers: [{ name: 'a', image: 'i:1' }], ...spec } });
  api.pods.hooks.defaults?.(pod);
  return [...lines(api.pods.hooks.validate?.(pod)), ...lines(api.pods.hooks.validateCreate?.(pod, context))];
}
const container = (c: Partial<Container>, spec: Partial<PodSpec> = {}) =>
  findings({ containers: [{ name: 'a', image: 'i:1', ...c }], ...spec });
const volume = (v: Omit<Volume, 'name'>) => findings({ volumes: [{ name: 'v', ...v }] });

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const MODE = 'must be a number between 0 and 0777 (octal), both inclusive';

describe('validation of containers', () => {
  it.each<[Partial<Container>, string[]]>([
    [{ name: '', image: '' }, ['spec.containers[0].name: Required value', 'spec.containers[0].image: Required value']],
    [{ name: 'A' }, [`spec.containers[0].name: Invalid value: "A": ${LABEL}`]],
    [{ name: 'a.b' }, ['spec.containers[0].name: Invalid value: "a.b": must not contain dots']],
    [
      { terminationMessagePolicy: 'X' },
      ['spec.containers[0].terminationMessagePolicy: Unsupported value: "X": supported values: "File", "FallbackToLogsOnError"'],
    ],
    [
      {
        ports: [
          { containerPort: 0, protocol: 'ICMP' },
          { name: 'UPPER', containerPort: 1, hostPort: 70000 },
        ],
      },
      [
        'spec.containers[0].ports[0].containerPort: Required value',
        'spec.containers[0].ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
        'spec.containers[0].ports[1].name: Invalid value: "UPPER": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.containers[0].ports[1].name: Invalid value: "UPPER": must contain at least one letter (a-z)',
        'spec.containers[0].ports[1].hostPort: Invalid value: 70000: must be between 1 and 65535, inclusive',
      ],
    ],
    [
      {
        ports: [
          { containerPort: 1, hostPort: 80 },
          { containerPort: 2, hostPort: 80 },
        ],
      },
      ['spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//80"'],
    ],
    [
      {
        env: [
          { name: '', value: '1' },
          { name: 'B', valueFrom: {} },
        ],
      },
      [
        'spec.containers[0].env[0].name: Required value',
        'spec.containers[0].env[1].valueFrom: Invalid value: "": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`',
      ],
    ],
    [
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"',
      ],
    ],
    [
      { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.nope' } } }] },
      [
        'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: field label not supported: spec.nope',
      ],
    ],
    [
      { env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '1Mi' } } }] },
      [
        'spec.containers[0].env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor\'s values 1m and 1 are supported with the cpu resource',
      ],
    ],
    [
      { env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'S', key: '' } } }] },
      [
        `spec.containers[0].env[0].valueFrom.secretKeyRef.name: Invalid value: "S": ${SUBDOMAIN}`,
        'spec.containers[0].env[0].valueFrom.secretKeyRef.key: Required value',
      ],
    ],
    [
      { envFrom: [{ prefix: 'A=', configMapRef: {} }, {}] },
      [
        'spec.containers[0].envFrom[0].prefix: Invalid value: "A=": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
        'spec.containers[0].envFrom[0].configMapRef.name: Required value',
        'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
      ],
    ],
    [
      {
        resizePolicy: [
          { resourceName: 'cpu', restartPolicy: 'X' },
          { resourceName: 'cpu', restartPolicy: 'NotRequired' },
        ],
      },
      [
        'spec.containers[0].resizePolicy: Unsupported value: "X": supported values: "NotRequired", "RestartContainer"',
        'spec.containers[0].resizePolicy[1]: Duplicate value: "cpu"',
      ],
    ],
    [
      { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [1] } }] },
      ['spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
    ],
    [
      { restartPolicy: 'Never', restartPolicyRules: [{ action: '', exitCodes: { operator: '' } }] },
      [
        'spec.containers[0].restartPolicyRules[0].action: Unsupported value: "": supported values: "Restart", "RestartAllContainers"',
        'spec.containers[0].restartPolicyRules[0].exitCodes.operator: Unsupported value: "": supported values: "In", "NotIn"',
      ],
    ],
    [
      { restartPolicy: 'Sometimes' },
      ['spec.containers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"'],
    ],
  ])('of %j finds %j', (change, expected) => expect(container(change)).toEqual(expected));

  it.each<[Container['resources'], string[]]>([
    [
      { limits: { gpu: '1' } },
      [
        'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard resource for containers',
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource type or fully qualified',
        'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard resource for containers',
      ],
    ],
    [
      { requests: { pods: '1' } },
      ['spec.containers[0].resources.requests[pods]: Invalid value: "pods": must be a standard resource for containers'],
    ],
    [
      { requests: { 'example.com/gpu': '1' } },
      ['spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources'],
    ],
    [
      { limits: { 'example.com/gpu': '2' }, requests: { 'example.com/gpu': '1' } },
      ['spec.containers[0].resources.requests: Invalid value: "1": must be equal to example.com/gpu limit of 2'],
    ],
    [
      { limits: { 'example.com/gpu': '500m' } },
      [
        'spec.containers[0].resources.limits[example.com/gpu]: Invalid value: "500m": must be an integer',
        'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "500m": must be an integer',
      ],
    ],
    [{ requests: { cpu: '-1' } }, ['spec.containers[0].resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [
      { limits: { 'hugepages-2Mi': '3Mi', cpu: '1' }, requests: { 'hugepages-2Mi': '3Mi' } },
      [
        'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
        'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
      ],
    ],
    [{ limits: { 'hugepages-2Mi': '4Mi' } }, ['spec.containers[0].resources: Forbidden: HugePages require cpu or memory']],
    [
      { claims: [{ name: 'c' }] },
      ['spec.containers[0].resources.claims[0]: Not found: "c": must be one of the names in pod.spec.resourceClaims which is empty'],
    ],
  ])('of resources %j finds %j', (resources, expected) => expect(container({ resources })).toEqual(expected));

  it.each<[Partial<Container>, string[]]>([
    [{ livenessProbe: { exec: {} } }, ['spec.containers[0].livenessProbe.exec.command: Required value']],
    [
      { readinessProbe: { httpGet: { port: 0, scheme: 'FTP', httpHeaders: [{ name: 'X Y', value: '1' }] } } },
      [
        'spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.containers[0].readinessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
        "spec.containers[0].readinessProbe.httpGet.httpHeaders: Invalid value: \"X Y\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
      ],
    ],
    [
      { startupProbe: { grpc: { port: 1 }, periodSeconds: -1, terminationGracePeriodSeconds: 0 } },
      [
        'spec.containers[0].startupProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0',
        'spec.containers[0].startupProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0',
      ],
    ],
    [
      { readinessProbe: { tcpSocket: { port: 'x' }, terminationGracePeriodSeconds: 5 } },
      ['spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes'],
    ],
    [
      { lifecycle: { preStop: { sleep: { seconds: 31 } }, postStart: {} } },
      [
        'spec.containers[0].lifecycle.postStart: Required value: must specify a handler type',
        'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
      ],
    ],
  ])('of probes and hooks %j finds %j', (change, expected) => expect(container(change)).toEqual(expected));

  it.each<[Container['securityContext'], string[]]>([
    [{ runAsUser: -1 }, ['spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive']],
    [
      { procMount: 'Unmasked' },
      ['spec.containers[0].securityContext.procMount: Invalid value: "Unmasked": `hostUsers` must be false to use `Unmasked`'],
    ],
    [
      { privileged: true, allowPrivilegeEscalation: false },
      [
        'spec.containers[0].securityContext: Invalid value: {"Capabilities":null,"Privileged":true,"SELinuxOptions":null,"WindowsOptions":null,"RunAsUser":null,"RunAsGroup":null,"RunAsNonRoot":null,"ReadOnlyRootFilesystem":null,"AllowPrivilegeEscalation":false,"ProcMount":null,"SeccompProfile":null,"AppArmorProfile":null}: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      ],
    ],
    [
      { seccompProfile: { type: 'Localhost' } },
      ['spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost'],
    ],
    [
      { appArmorProfile: { type: 'None' } },
      [
        'spec.containers[0].securityContext.appArmorProfile.type: Unsupported value: "None": supported values: "Localhost", "RuntimeDefault", "Unconfined"',
      ],
    ],
    [
      { windowsOptions: { runAsUserName: 'a@b' } },
      [
        'spec.containers[0].securityContext.windowsOptions.runAsUserName: Invalid value: "a@b": runAsUserName\'s User cannot contain the following characters: "/\\:;|=,+*?<>@[]',
      ],
    ],
  ])('of a security context %j finds %j', (securityContext, expected) => expect(container({ securityContext })).toEqual(expected));

  it.each<[Partial<Container>, string[]]>([
    [
      {
        volumeMounts: [
          { name: 'v', mountPath: '/a' },
          { name: 'v', mountPath: '/a', subPath: '../x', subPathExpr: '/y' },
        ],
      },
      [
        'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/a": must be unique',
        'spec.containers[0].volumeMounts.subPath: Invalid value: "../x": must not contain \'..\'',
        'spec.containers[0].volumeMounts[1].subPathExpr: Invalid value: "/y": subPathExpr and subPath are mutually exclusive',
        'spec.containers[0].volumeMounts.subPathExpr: Invalid value: "/y": must be a relative path',
      ],
    ],
    [
      { volumeMounts: [{ name: 'v', mountPath: '/a', mountPropagation: 'Bidirectional', recursiveReadOnly: 'Enabled' }] },
      [
        'spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers',
        'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true',
        'spec.containers[0].volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified',
      ],
    ],
    [
      { volumeMounts: [{ name: '', mountPath: '' }] },
      [
        'spec.containers[0].volumeMounts[0].name: Required value',
        'spec.containers[0].volumeMounts[0].name: Not found: ""',
        'spec.containers[0].volumeMounts[0].mountPath: Required value',
      ],
    ],
    [
      { volumeDevices: [{ name: 'v', devicePath: '/../x' }] },
      [
        'spec.containers[0].volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
        'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/../x": can not contain backsteps (\'..\')',
      ],
    ],
  ])('of mounts and devices %j finds %j', (change, expected) =>
    expect(container(change, { volumes: [{ name: 'v', emptyDir: {} }] })).toEqual(expected),
  );

  it('knows what init and ephemeral containers may not have', () => {
    const init = {
      name: 'i',
      image: 'i',
      ports: [
        { containerPort: 1, hostPort: 2 },
        { containerPort: 3, hostPort: 2 },
      ],
    };
    expect(findings({ initContainers: [{ ...init, name: 'a', lifecycle: {} }] })).toEqual(
      [
        'spec.initContainers[0].name: Duplicate value: "a"',
        'spec.initContainers[0].ports[1].hostPort: Duplicate value: "TCP//2"',
        'spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always',
      ].map((line) => line),
    );
    const debug = { name: 'e', image: ' i', targetContainerName: 'x', ports: [{ containerPort: 1 }], resources: { limits: { cpu: '1' } } };
    expect(findings({ ephemeralContainers: [debug] })).toEqual([
      'spec.ephemeralContainers[0].image: Invalid value: " i": must not have leading or trailing whitespace',
      'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
      'spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers[0].resources: Forbidden: cannot be set for an Ephemeral Container',
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
    ]);
  });
});

describe('validation of volumes', () => {
  it.each<[Omit<Volume, 'name'>, string[]]>([
    [
      { emptyDir: { sizeLimit: '-1' } },
      ['spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity'],
    ],
    [{ hostPath: { path: '' } }, ['spec.volumes[0].hostPath.path: Required value']],
    [
      { hostPath: { path: '/a/../b', type: 'X' } },
      [
        'spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
        'spec.volumes[0].hostPath.type: Unsupported value: "X": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
      ],
    ],
    [
      { secret: { secretName: '', defaultMode: 512, items: [{ key: '', path: '..x', mode: -1 }] } },
      [
        'spec.volumes[0].secret.secretName: Required value',
        `spec.volumes[0].secret.defaultMode: Invalid value: 512: ${MODE}`,
        'spec.volumes[0].secret.items[0].key: Required value',
        'spec.volumes[0].secret.items[0].path: Invalid value: "..x": must not start with \'..\'',
        `spec.volumes[0].secret.items[0].mode: Invalid value: -1: ${MODE}`,
      ],
    ],
    [{ persistentVolumeClaim: { claimName: '' } }, ['spec.volumes[0].persistentVolumeClaim.claimName: Required value']],
    [
      { downwardAPI: { items: [{ path: 'x' }, { path: 'y', resourceFieldRef: { resource: 'limits.cpu' } }] } },
      [
        'spec.volumes[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required',
        'spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value',
      ],
    ],
    [
      {
        projected: {
          sources: [
            { configMap: { name: 'a', items: [{ key: 'k', path: 'p' }] }, secret: { name: '' } },
            { downwardAPI: { items: [{ path: 'p', fieldRef: { fieldPath: 'metadata.name' } }] } },
          ],
        },
      },
      [
        'spec.volumes[0].projected.sources[0].secret.name: Required value',
        'spec.volumes[0].projected.sources[0]: Forbidden: may not specify more than 1 volume type per source',
        'spec.volumes[0].projected: Invalid value: "p": conflicting duplicate paths',
      ],
    ],
    [
      { projected: { sources: [{ serviceAccountToken: { path: '', expirationSeconds: 60 } }] } },
      [
        'spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes',
        'spec.volumes[0].projected.path: Required value',
        'spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set',
      ],
    ],
    [
      { projected: { sources: [{ clusterTrustBundle: { path: 'x' } }] } },
      ['spec.volumes[0].projected.sources[0].clusterTrustBundle: Required value: either name or signerName must be specified'],
    ],
    [{ projected: { sources: [{ clusterTrustBundle: { name: 'example.com:signer:name', path: 'x' } }] } }, []],
    [
      { projected: { sources: [{ clusterTrustBundle: { name: 'a:b', path: 'x' } }] } },
      [
        'spec.volumes[0].projected.sources[0].clusterTrustBundle.name: Invalid value: "a:b": not a valid clustertrustbundlename: ClusterTrustBundle without signer name must not have ":" in its name',
      ],
    ],
    [
      { projected: { sources: [{ podCertificate: { signerName: '', keyType: 'ED25519', keyPath: 'k', userAnnotations: { A: 'b' } } }] } },
      [
        'spec.volumes[0].projected.sources[0].podCertificate.signerName: Required value',
        'spec.volumes[0].projected.sources[0].podCertificate.userAnnotations: Invalid value: "a": must be a domain-prefixed key (such as "acme.io/foo")',
      ],
    ],
    [
      { nfs: { server: '', path: 'x' } },
      ['spec.volumes[0].nfs.server: Required value', 'spec.volumes[0].nfs.path: Invalid value: "x": must be an absolute path'],
    ],
    [{ csi: { driver: '' } }, ['spec.volumes[0].csi.driver: Required value']],
    [{ image: {} }, ['spec.volumes[0].image.reference: Required value']],
    [
      { iscsi: { targetPortal: '', iqn: 'x', lun: 256 } },
      [
        'spec.volumes[0].iscsi.targetPortal: Required value',
        'spec.volumes[0].iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa',
        'spec.volumes[0].iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive',
      ],
    ],
    [{ fc: {} }, ['spec.volumes[0].fc.targetWWNs: Required value: must specify either targetWWNs or wwids, but not both']],
    [{ rbd: { monitors: [], image: '' } }, ['spec.volumes[0].rbd.monitors: Required value', 'spec.volumes[0].rbd.image: Required value']],
    [
      { ephemeral: { volumeClaimTemplate: { metadata: { name: 'x' }, spec: {} } } },
      [
        'spec.volumes[0].ephemeral.volumeClaimTemplate.metadata.name: Forbidden: cannot be set',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.accessModes: Required value: at least 1 access mode is required',
        'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources[storage]: Required value',
      ],
    ],
    [
      { secret: { secretName: 'a' }, configMap: { name: 'b' }, downwardAPI: {} },
      [
        'spec.volumes[0].downwarAPI: Forbidden: may not specify more than 1 volume type',
        'spec.volumes[0].configMap: Forbidden: may not specify more than 1 volume type',
      ],
    ],
  ])('of %j finds %j', (source, expected) => expect(volume(source)).toEqual(expected));
});

describe('validation of pod specs', () => {
  it.each<[Partial<PodSpec>, string[]]>([
    [{ dnsPolicy: 'None' }, ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None']],
    [
      { dnsConfig: { nameservers: ['1.1.1.1', '1.1.1.2', '1.1.1.3', 'x'], searches: ['a_b.c', 'UP'], options: [{}] } },
      [
        'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: must not have more than 3 nameservers',
        'spec.dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        "spec.dnsConfig.searches[1]: Invalid value: \"UP\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
        'spec.dnsConfig.options[0]: Required value: must not be empty',
      ],
    ],
    [
      { hostAliases: [{ ip: 'x', hostnames: ['A'] }] },
      [
        'spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        `spec.hostAliases[0].hostnames[0]: Invalid value: "A": ${SUBDOMAIN}`,
      ],
    ],
    [
      { hostname: 'a.b', subdomain: 'A' },
      ['spec.hostname: Invalid value: "a.b": must not contain dots', `spec.subdomain: Invalid value: "A": ${LABEL}`],
    ],
    [{ activeDeadlineSeconds: 0 }, ['spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive']],
    [
      { schedulingGates: [{ name: 'a' }, { name: 'a' }], nodeName: 'n' },
      [
        'spec.schedulingGates[1]: Duplicate value: "a"',
        'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
      ],
    ],
    [
      {
        tolerations: [
          { key: 'k', operator: 'Exists', value: 'v' },
          { key: 'k', operator: 'Gt', effect: 'X', tolerationSeconds: 1 },
        ],
      },
      [
        'spec.tolerations[0].operator: Invalid value: "v": value must be empty when `operator` is \'Exists\'',
        'spec.tolerations[1].effect: Invalid value: "X": effect must be \'NoExecute\' when `tolerationSeconds` is set',
        'spec.tolerations[1].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"',
        'spec.tolerations[1].effect: Unsupported value: "X": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    ],
    [
      {
        topologySpreadConstraints: [
          { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', labelSelector: {}, minDomains: 0, matchLabelKeys: ['a'] },
          { maxSkew: 0, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway', nodeTaintsPolicy: 'X', matchLabelKeys: ['a'] },
        ],
      },
      [
        'spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{zone, ScheduleAnyway}"',
        'spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: must be greater than zero',
        'spec.topologySpreadConstraints[0].minDomains: Invalid value: 0: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
        'spec.topologySpreadConstraints[1].maxSkew: Invalid value: 0: must be greater than zero',
        'spec.topologySpreadConstraints[1].nodeTaintsPolicy: Unsupported value: "X": supported values: "Honor", "Ignore"',
        'spec.topologySpreadConstraints[1].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
      ],
    ],
    [
      {
        affinity: {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [{ matchFields: [{ key: 'x', operator: 'In', values: [] }] }],
            },
            preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 0, preference: {} }],
          },
          podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', matchLabelKeys: ['a'] }] },
        },
      },
      [
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].values: Required value: must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
        'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "x": not a valid field selector key',
        'spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 0: must be in the range 1-100',
        'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set',
      ],
    ],
    [
      {
        hostNetwork: true,
        securityContext: {
          sysctls: [
            { name: 'net.core.somaxconn', value: '1' },
            { name: 'A', value: '' },
          ],
        },
      },
      [
        'spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be specified when \'hostNetwork\' is true',
        'spec.securityContext.sysctls[1].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      ],
    ],
    [
      { hostPID: true, shareProcessNamespace: true, hostUsers: false },
      [
        'spec.securityContext.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
        'spec.HostPID: Forbidden: when `hostUsers` is false',
      ],
    ],
    [
      {
        hostUsers: false,
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
        containers: [{ name: 'c', image: 'i:1', volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] }],
      },
      ['spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false'],
    ],
    [{ os: { name: 'windows' }, resources: { requests: { cpu: '1' } } }, ['spec.resources: Forbidden: may not be set for a windows pod']],
    [
      {
        resources: { requests: { 'hugepages-2Mi': '2Mi' }, limits: { 'hugepages-2Mi': '2Mi', cpu: '2' } },
        containers: ['a', 'b'].map((name) => ({
          name,
          image: 'i:1',
          resources: { requests: { cpu: '1', 'hugepages-2Mi': '2Mi' }, limits: { cpu: '1', 'hugepages-2Mi': '2Mi' } },
        })),
      },
      [
        'spec.resources.requests[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container requests of 4Mi',
        'spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi',
      ],
    ],
    [
      {
        restartPolicy: 'Never',
        containers: [{ name: 'c', image: 'i:1', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }] }],
      },
      ["spec.containers[0].resizePolicy: Invalid value: \"RestartContainer\": must be 'NotRequired' when pod `restartPolicy` is 'Never'"],
    ],
    [
      { os: { name: 'windows' }, securityContext: { runAsUser: 1 }, hostPID: true },
      [
        'spec.hostPID: Forbidden: cannot be set for a windows pod',
        'spec.securityContext.runAsUser: Forbidden: cannot be set for a windows pod',
      ],
    ],
    [{ os: { name: 'plan9' } }, ['spec.os: Unsupported value: "plan9": supported values: "linux", "windows"']],
    [
      { resourceClaims: [{ name: 'c' }, { name: 'c', resourceClaimName: 'x' }] },
      [
        'spec.resourceClaims[0]: Invalid value: {"Name":"c","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
        'spec.resourceClaims[1].name: Duplicate value: "c"',
      ],
    ],
    [
      {
        resources: { requests: { cpu: '1', 'example.com/x': '1' }, limits: { cpu: '1' } },
        containers: [{ name: 'a', image: 'i', resources: { requests: { cpu: '2' }, limits: { cpu: '3' } } }],
      },
      [
        'spec.resources.requests[example.com/x]: Unsupported value: "example.com/x": supported values: "cpu", "hugepages-", "memory"',
        'spec.resources.limits: Required value: Limit must be set for non overcommitable resources',
        'spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
        'spec.resources.containers[0][cpu].limits: Invalid value: "3": must be less than or equal to pod limits of 1',
      ],
    ],
    [{ overhead: { cpu: '-1' } }, ['spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0']],
    [{ preemptionPolicy: 'X' }, ['spec.preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"']],
    [
      { readinessGates: [{ conditionType: '' }] },
      [
        'spec.readinessGates[0].conditionType: Invalid value: "": name part must be non-empty',
        "spec.readinessGates[0].conditionType: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    ],
  ])('%j finds %j', (spec, expected) => expect(findings(spec)).toEqual(expected));

  it('reads annotations that mean something', () => {
    const annotated = (annotations: Record<string, string>, spec: Partial<PodSpec> = {}) => findings(spec, { name: 'p', annotations });
    expect(annotated({ 'kubernetes.io/config.mirror': 'x' })).toEqual([
      'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
    ]);
    expect(annotated({ 'controller.kubernetes.io/pod-deletion-cost': '+1' })).toEqual([
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
    ]);
    const armor = { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' };
    expect(annotated(armor, { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } })).toEqual([
      'spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match',
    ]);
  });

  it('wants host ports that are the container’s on the host’s network', () => {
    expect(container({ ports: [{ containerPort: 80, hostPort: 81 }] }, { hostNetwork: true })).toEqual([
      'spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true',
    ]);
    expect(container({ ports: [{} as never] }, { hostNetwork: true })).toEqual([
      'spec.containers[0].ports[0].containerPort: Required value',
    ]);
  });
});

describe('validation of host names that pods give themselves', () => {
  it.each<[Partial<PodSpec>, string[]]>([
    [{ hostnameOverride: 'web.example.com' }, []],
    [{ hostnameOverride: 'Web' }, [`spec.hostnameOverride: Invalid value: "Web": ${SUBDOMAIN}`]],
    [{ hostnameOverride: 'a'.repeat(65) }, ['spec.hostnameOverride: Too long: may not be more than 64 bytes']],
    [
      { hostnameOverride: 'web', setHostnameAsFQDN: true, hostNetwork: true },
      [
        'spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
        'spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true',
      ],
    ],
    [{ preemptionPolicy: '' }, ['spec.preemptionPolicy: Required value']],
  ])('of %j finds %j', (spec, expected) => expect(findings(spec)).toEqual(expected));
});

describe('validation of variables out of files', () => {
  const env = (volumeName: string) => [{ name: 'A', valueFrom: { fileKeyRef: { volumeName, path: 'f', key: 'A' } } }];
  const volumes: Volume[] = [
    { name: 'empty', emptyDir: {} },
    { name: 'host', hostPath: { path: '/x' } },
  ];
  const at = 'spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName';
  it.each([
    ['empty', []],
    ['host', [`${at}: Invalid value: "host": referenced volume must be of type emptyDir`]],
    ['missing', [`${at}: Not found: "missing"`]],
    ['a.b', [`${at}: Invalid value: "a.b": must not contain dots`, `${at}: Not found: "a.b"`]],
  ])('in %s finds %j', (volumeName, expected) => expect(container({ env: env(volumeName) }, { volumes })).toEqual(expected));

  it('keeps the path in the volume', () => {
    const valueFrom = { fileKeyRef: { volumeName: 'empty', path: 'a/../b', key: 'A' } };
    expect(container({ env: [{ name: 'A', valueFrom }] }, { volumes })).toEqual([
      `spec.containers[0].env[0].valueFrom.fileKeyRef.path: Invalid value: "a/../b": must not contain '..'`,
    ]);
  });
});

it('an init container that ends is not begun anew by a resize, a sidecar may be', () => {
  const init = (restartPolicy?: string) => ({
    initContainers: [
      {
        name: 'i',
        image: 'i:1',
        resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'RestartContainer' }],
        ...(restartPolicy && { restartPolicy }),
      },
    ],
  });
  expect(findings(init())).toEqual([
    `spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: "RestartContainer": must not be set to 'RestartContainer' for non-sidecar initContainers`,
  ]);
  expect(findings(init('Always'))).toEqual([]);
});

it('templates may leave out the image of a volume, and say of an operating system that it has no name', () => {
  const spec = { containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', image: {} }], os: { name: '' } };
  const found = checkPodTemplate('spec.template', { spec } as PodTemplateSpec).map(({ path, message }) => `${path}: ${message}`);
  expect(found.filter((line) => /volumes|os/.test(line))).toEqual(['spec.template.spec.os.name: Required value']);
});
