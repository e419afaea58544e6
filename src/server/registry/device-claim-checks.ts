import { equalJson } from '../../api/meta/equal-json.ts';
import { type FieldError, forbidden, internalError } from '../../api/meta/field-error.ts';
import { notFound } from '../../api/meta/status.ts';
import { deviceStatusId } from '../../api/resource/device-id.ts';
import type {
  AllocationResult,
  DeviceClaim,
  DeviceRequestAllocationResult,
  ResourceClaimStatus,
  ResourceClaimTemplate,
  ResourceV1ResourceClaim,
} from '../../api/schema/generated/types.ts';
import type { ApiRequest } from '../../api/transport.ts';
import { NODE_NAME, serviceAccountOf } from '../authn/service-account-user.ts';
import type { AuthorizationAttributes, Authorizer, ObjectReader, UserInfo } from '../ports.ts';
import { forbiddenBy } from './authorize.ts';
import type { OutsideCheck, OutsideQuestion } from './deps.ts';

const ADMIN_LABEL = 'resource.kubernetes.io/admin-access';

interface Asks {
  readonly objects: ObjectReader;
  readonly authorizer: Authorizer;
}

/**
 * What claims for devices need beyond being well-formed: a namespace that may have access as administrator (KEP-5018), and rights to the parts of the status
 * that its writer changes (KEP-4817: `resourceclaims/binding` for the allocation and who it is reserved for, `resourceclaims/driver` for what drivers say).
 */
export function deviceClaimChecks(asks: Asks): Readonly<Record<string, OutsideCheck>> {
  const { objects } = asks;
  return {
    'resourceclaims.resource.k8s.io': (question) => {
      const { spec } = question.object as ResourceV1ResourceClaim;
      if (question.subresource === 'status') return checkStatus(asks, question);
      return question.old ? [] : checkAdmin(objects, question.object.metadata?.namespace, adminRequest(spec?.devices));
    },
    'resourceclaimtemplates.resource.k8s.io': ({ object, old }) => {
      const { metadata, spec } = object as ResourceClaimTemplate;
      return old ? [] : checkAdmin(objects, metadata?.namespace, adminRequest(spec?.spec?.devices));
    },
  };
}

function adminRequest(claim: DeviceClaim | undefined): string | undefined {
  const at = (claim?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess);
  return at < 0 ? undefined : `spec.devices.requests[${at}].adminAccess`;
}

const adminResult = (results: readonly DeviceRequestAllocationResult[] = []): string | undefined => {
  const at = results.findIndex(({ adminAccess }) => adminAccess);
  return at < 0 ? undefined : `status.allocation.devices.results[${at}].adminAccess`;
};

function checkAdmin(objects: ObjectReader, namespace = '', path: string | undefined): FieldError[] {
  if (path === undefined) return [];
  const found = objects.get('namespaces', '', namespace);
  if (!found) {
    const { message } = notFound({ plural: 'namespaces', group: '' }, namespace);
    return [internalError(path, `could not retrieve namespace to verify admin access: ${message}`)];
  }
  if (found.metadata?.labels?.[ADMIN_LABEL] === 'true') return [];
  return [forbidden(path, `admin access to devices requires the \`${ADMIN_LABEL}: true\` label on the containing namespace`)];
}

async function checkStatus({ objects, authorizer }: Asks, question: OutsideQuestion): Promise<FieldError[]> {
  const { status = {}, metadata } = question.object as ResourceV1ResourceClaim;
  const { status: old = {} } = question.old as ResourceV1ResourceClaim;
  const results = status.allocation?.devices?.results;
  const admin = adminResult(old.allocation?.devices?.results) ? undefined : adminResult(results);
  return [
    ...checkAdmin(objects, metadata?.namespace, admin),
    ...(await checkBindingRight(authorizer, question, status, old)),
    // Of a claim that is not allocated any more what drivers said is dropped by the server.
    ...(status.allocation ? await checkDriverRights(authorizer, question, status, old) : []),
  ];
}

async function checkBindingRight(
  authorizer: Authorizer,
  { request, user }: OutsideQuestion,
  status: ResourceClaimStatus,
  old: ResourceClaimStatus,
): Promise<FieldError[]> {
  if (equalJson(status.allocation, old.allocation) && equalJson(status.reservedFor ?? [], old.reservedFor ?? [])) return [];
  const refusal = await refusalOf(authorizer, about(user, request, { subresource: 'binding' }));
  if (refusal === undefined) return [];
  const needs = `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${request.verb}" permission`;
  return [forbidden('status.allocation', `${needs}: ${refusal}`)];
}

async function checkDriverRights(
  authorizer: Authorizer,
  { request, user }: OutsideQuestion,
  status: ResourceClaimStatus,
  old: ResourceClaimStatus,
): Promise<FieldError[]> {
  const errors: FieldError[] = [];
  const verbs = isOnNode(user, nodeOf(status.allocation)) ? ['associated-node', 'arbitrary-node'] : ['arbitrary-node'];
  const asked = verbs.map((where) => `${where}:${request.verb}`);
  for (const name of changedDrivers(status, old)) {
    const refusals: string[] = [];
    for (const verb of asked) {
      const refusal = await refusalOf(
        authorizer,
        about(user, request, { subresource: 'driver', verb, name, namespace: request.namespace ?? '' }),
      );
      if (refusal === undefined) break;
      refusals.push(refusal);
    }
    if (refusals.length < asked.length) continue;
    const needs = `changing status.devices requires resource="resourceclaims/driver", verb="[${asked.join(' ')}]" permission`;
    errors.push(forbidden('status.devices', `${needs}: ${refusals[0]}`));
  }
  return errors;
}

/** Drivers of which an entry came, went or changed, in order. */
function changedDrivers(status: ResourceClaimStatus, old: ResourceClaimStatus): readonly string[] {
  const before = new Map((old.devices ?? []).map((device) => [deviceStatusId(device), device]));
  const drivers = new Set<string>();
  for (const device of status.devices ?? []) {
    const id = deviceStatusId(device);
    if (!equalJson(before.get(id), device)) drivers.add(device.driver);
    before.delete(id);
  }
  for (const { driver } of before.values()) drivers.add(driver);
  return [...drivers].sort();
}

/** The node that the devices belong to, when the allocation names one in the way in which the scheduler does. */
function nodeOf(allocation: AllocationResult | undefined): string | undefined {
  const [term, ...others] = allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [field, ...more] = term?.matchFields ?? [];
  if (!field || others.length > 0 || more.length > 0 || (term?.matchExpressions ?? []).length > 0) return undefined;
  const [name, ...names] = field.values ?? [];
  return field.key === 'metadata.name' && field.operator === 'In' && names.length === 0 ? name : undefined;
}

function isOnNode({ name, extra }: UserInfo, node: string | undefined): boolean {
  const [own, ...others] = extra?.[NODE_NAME] ?? [];
  return Boolean(own) && own === node && others.length === 0 && serviceAccountOf(name) !== undefined;
}

const about = (
  user: UserInfo,
  { verb, group, version, resource }: ApiRequest,
  more: { readonly subresource: string; readonly verb?: string; readonly name?: string; readonly namespace?: string },
): AuthorizationAttributes => ({ user, verb, group, version, resource, namespace: '', name: '', ...more });

/** Why the user may not, in the words of a refused request. */
async function refusalOf(authorizer: Authorizer, attributes: AuthorizationAttributes): Promise<string | undefined> {
  const { allowed, reason, error } = await authorizer(attributes);
  if (allowed) return undefined;
  return forbiddenBy(attributes, error ? [error, reason].filter(Boolean).join(': ') : reason).message;
}
