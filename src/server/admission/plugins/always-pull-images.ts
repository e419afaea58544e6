import { allContainers } from '../../../api/core/defaults-pod-spec.ts';
import { fieldErrorText, notSupported } from '../../../api/meta/field-error.ts';
import type { Pod, PodSpec } from '../../../api/schema/generated/types.ts';
import { goAggregate } from '../../../base/go-aggregate.ts';
import type { AdmissionPlugin, AdmissionRequest } from '../../ports.ts';
import { unknownError } from '../../registry/errors.ts';
import { isAbout, isWrite, refusal } from '../request.ts';

const ALWAYS = 'Always';

/**
 * Pods pull their images anew at every start, so that nobody uses an image on a node without the credentials for it. Off by default. (Kubernetes: "Admission Control", AlwaysPullImages;
 * image volumes as well: KEP-4639.)
 */
export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  mutate(admission) {
    const spec = concernedSpec(admission);
    if (!spec) return;
    for (const container of allContainers(spec)) container.imagePullPolicy = ALWAYS;
    for (const { image } of spec.volumes ?? []) if (image) image.pullPolicy = ALWAYS;
  },
  validate(admission) {
    const spec = concernedSpec(admission);
    const others = spec ? otherPolicies(spec) : [];
    if (others.length === 0) return;
    const findings = others.map(([path, policy]) => fieldErrorText(notSupported(path, policy, [ALWAYS])));
    throw unknownError(goAggregate(findings.map((finding) => refusal(admission, finding).message)));
  },
};

/** undefined: no pod, or a change of one that brings no image. */
function concernedSpec(admission: AdmissionRequest): PodSpec | undefined {
  if (!isWrite(admission) || !isAbout(admission, 'pods')) return undefined;
  const { spec } = admission.object as Pod;
  const before = admission.operation === 'UPDATE' ? (admission.old as Pod).spec : undefined;
  const known = new Set(before && allContainers(before).map(({ image }) => image));
  return spec && before && allContainers(spec).every(({ image }) => known.has(image)) ? undefined : spec;
}

function otherPolicies(spec: PodSpec): [path: string, policy: string][] {
  const fields = ['initContainers', 'containers', 'ephemeralContainers'] as const;
  const found = fields.flatMap((field) =>
    (spec[field] ?? []).map(({ imagePullPolicy = '' }, i): [string, string] => [`spec.${field}[${i}].imagePullPolicy`, imagePullPolicy]),
  );
  const volumes = (spec.volumes ?? []).flatMap(({ image }, i): [string, string][] =>
    image ? [[`spec.volumes[${i}].image.pullPolicy`, image.pullPolicy ?? '']] : [],
  );
  return [...found, ...volumes].filter(([, policy]) => policy !== ALWAYS);
}
