import { type FieldError, invalid, notSupported, required } from '../meta/field-error.ts';
import { dns1035LabelFindings, dns1123SubdomainFindings } from '../meta/names.ts';
import type { APIService, APIServiceSpec } from '../schema/generated/types.ts';

const MAX_GROUP_PRIORITY = 20_000;
const MAX_VERSION_PRIORITY = 1000;
const MAX_PORT = 65_535;
const STATUSES = ['True', 'False', 'Unknown'];

/** Findings beyond the schema (kube-aggregator, apiregistration/validation). */
export function checkApiService({ metadata, spec }: APIService): FieldError[] {
  const { group = '', version = '', groupPriorityMinimum: groupPriority = 0, versionPriority = 0 } = spec ?? ({} as APIServiceSpec);
  const wanted = `${version}.${group}`;
  const name = metadata?.name ?? '';
  const errors: FieldError[] = [];
  if (name !== wanted) errors.push(invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`));
  if (group === '' && version !== 'v1') errors.push(required('spec.group', 'only v1 may have an empty group and it better be legacy kube'));
  if (group !== '') errors.push(...dns1123SubdomainFindings(group).map((finding) => invalid('spec.group', group, finding)));
  errors.push(...dns1035LabelFindings(version).map((finding) => invalid('spec.version', version, finding)));
  if (groupPriority <= 0 || groupPriority > MAX_GROUP_PRIORITY) {
    errors.push(invalid('spec.groupPriorityMinimum', groupPriority, 'must be positive and less than 20000'));
  }
  if (versionPriority <= 0 || versionPriority > MAX_VERSION_PRIORITY) {
    errors.push(invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000'));
  }
  return [...errors, ...checkTarget(spec)];
}

function checkTarget(spec: APIServiceSpec | undefined): FieldError[] {
  const { service, caBundle, insecureSkipTLSVerify } = spec ?? ({} as APIServiceSpec);
  const errors: FieldError[] = [];
  if (!service) {
    if (caBundle) errors.push(invalid('spec.caBundle', `${bytesIn(caBundle)} bytes`, 'local APIServices may not have a caBundle'));
    if (insecureSkipTLSVerify) {
      errors.push(invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify'));
    }
    return errors;
  }
  const { namespace, name, port = 0 } = service;
  if (!namespace) errors.push(required('spec.service.namespace'));
  if (!name) errors.push(required('spec.service.name'));
  if (port < 1 || port > MAX_PORT) {
    errors.push(invalid('spec.service.port', port, `port is not valid: must be between 1 and ${MAX_PORT}, inclusive`));
  }
  if (insecureSkipTLSVerify && caBundle) errors.push(invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'));
  return errors;
}

const bytesIn = (base64: string): number => Math.floor((base64.replace(/=+$/, '').length * 3) / 4);

export const checkApiServiceStatus = ({ status }: APIService): FieldError[] =>
  (status?.conditions ?? []).flatMap((condition, i) =>
    STATUSES.includes(condition.status) ? [] : [notSupported(`status.conditions[${i}].status`, condition.status, STATUSES)],
  );
