import type { ResourceDefinition } from '../../../api/define.ts';
import { equalJson } from '../../../api/meta/equal-json.ts';
import type { KubeObject } from '../../../api/meta/object.ts';
import type { Registry } from '../../../api/registry.ts';
import type { OwnerReference } from '../../../api/schema/generated/types.ts';
import type { AdmissionPlugin, AdmissionRequest, Authorizer } from '../../ports.ts';
import { isAbout, isWrite, refusal } from '../request.ts';

/**
 * Who owns an object decides when it goes: only those who may delete it change its owners, and only those who may set finalizers of an owner make it wait for the object. Off by default.
 * (Kubernetes: "Admission Control", OwnerReferencesPermissionEnforcement.)
 */
export function ownerReferencesPermissionEnforcement({
  authorizer,
  kinds,
}: {
  authorizer: Authorizer;
  kinds: () => Registry;
}): AdmissionPlugin {
  const may = async (admission: AdmissionRequest, verb: string, what: Partial<Parameters<Authorizer>[0]>) => {
    const { user } = admission.context;
    return authorizer({ user, verb, group: '', version: '*', resource: '', subresource: '', namespace: '', name: '', ...what });
  };
  const mayFinalize = (
    admission: AdmissionRequest,
    what: { group: string; version: string; resource: string; namespace: string; name: string },
  ) => may(admission, 'update', { ...what, subresource: 'finalizers' });

  async function requireDelete(admission: AdmissionRequest): Promise<void> {
    const { group, version, resource, subresource = '', namespace = '', name = '' } = admission.request;
    const { allowed, reason, error } = await may(admission, 'delete', { group, version, resource, subresource, namespace, name });
    if (!allowed) throw refusal(admission, `cannot set an ownerRef on a resource you can't delete: ${reason}, ${error ?? '<nil>'}`);
  }

  async function requireFinalize(admission: AdmissionRequest, { apiVersion, kind, name }: OwnerReference): Promise<void> {
    const owner = definitionOf(kinds(), apiVersion, kind);
    if (!owner) {
      const why = `no matches for kind "${kind}" in version "${apiVersion}"`;
      throw refusal(
        admission,
        `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${apiVersion} Kind ${kind}: ${why}`,
      );
    }
    const namespace = owner.scope === 'Namespaced' ? (admission.request.namespace ?? '') : '';
    const { group, version, plural: resource } = owner;
    const { allowed, reason, error } = await mayFinalize(admission, { group, version, resource, namespace, name });
    if (allowed) return;
    const why = `${reason}, ${error ?? '<nil>'}`;
    throw refusal(admission, `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${why}`);
  }

  async function check(admission: AdmissionRequest, owners: readonly OwnerReference[], before: readonly OwnerReference[]): Promise<void> {
    // Whoever creates an object could also have left it.
    if (admission.operation !== 'CREATE') await requireDelete(admission);
    const blocking = newlyBlocking(owners, before);
    if (blocking.length === 0) return;
    if ((await mayFinalize(admission, { group: '*', version: '*', resource: '*', namespace: '', name: '*' })).allowed) return;
    for (const owner of blocking) await requireFinalize(admission, owner);
  }

  return {
    name: 'OwnerReferencesPermissionEnforcement',
    validate(admission) {
      // A pod's status cannot change its owners.
      if (!isWrite(admission) || isAbout(admission, 'pods', '', 'status')) return;
      const [owners, before] = [ownersOf(admission.object), ownersOf(admission.old)];
      return equalJson(owners, before) ? undefined : check(admission, owners, before);
    },
  };
}

const ownersOf = (object: KubeObject | undefined): readonly OwnerReference[] => object?.metadata?.ownerReferences ?? [];

const newlyBlocking = (owners: readonly OwnerReference[], before: readonly OwnerReference[]): OwnerReference[] =>
  owners.filter(({ uid, blockOwnerDeletion }) => blockOwnerDeletion && !before.findLast((owner) => owner.uid === uid)?.blockOwnerDeletion);

function definitionOf(kinds: Registry, apiVersion: string, kind: string): ResourceDefinition | undefined {
  const [version = '', group = ''] = apiVersion.split('/').reverse();
  return kinds.findKind(group, version, kind);
}
