import type { LimitRange, PersistentVolumeClaim, Pod } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, ObjectReader } from '../../ports.ts';
import { setContainerDefaults } from '../limit-range/defaults.ts';
import { claimFindings, podFindings } from '../limit-range/findings-plan.ts';
import { isAbout, refusal } from '../request.ts';

const isPodCreation = (admission: AdmissionRequest) => admission.operation === 'CREATE' && isAbout(admission, 'pods');
const isResize = (admission: AdmissionRequest) => admission.operation === 'UPDATE' && isAbout(admission, 'pods', '', 'resize');
const isClaim = (admission: AdmissionRequest) =>
  (admission.operation === 'CREATE' || admission.operation === 'UPDATE') && isAbout(admission, 'persistentvolumeclaims');

/**
 * LimitRanges give containers limits and requests that they do not name, and refuse what is too small, too large, or too far apart (Kubernetes:
 * "Limit Ranges"). What is being deleted is left alone.
 */
export const limitRanger = (objects: ObjectReader): AdmissionPlugin => {
  const rangesFor = ({ request, old }: AdmissionRequest): readonly LimitRange[] =>
    old?.metadata?.deletionTimestamp ? [] : objects.list<LimitRange>('limitranges', request.namespace);
  return {
    name: 'LimitRanger',
    mutate(admission) {
      const created = isPodCreation(admission);
      if (!created && !isResize(admission)) return;
      for (const range of rangesFor(admission)) setContainerDefaults(admission.object as Pod, range, { annotate: created });
    },
    validate(admission) {
      const isPod = isPodCreation(admission) || isResize(admission);
      if (!isPod && !isClaim(admission)) return;
      for (const range of rangesFor(admission)) {
        const findings = isPod
          ? podFindings(admission.object as Pod, range)
          : claimFindings(admission.object as PersistentVolumeClaim, range);
        if (findings.length === 1) throw refusal(admission, findings[0] ?? '');
        if (findings.length > 1) throw refusal(admission, `[${findings.join(', ')}]`);
      }
    },
  };
};
