import type { AdmissionPlugin, AdmissionRequest } from '../ports.ts';
import type { Admission } from '../registry/deps.ts';

/**
 * Runs plugins in their order: every `mutate`, later every `validate`. The first refusal ends the request. Once anything from outside changed the object,
 * every `mutate` runs a second time (Kubernetes: Dynamic Admission Control, "Reinvocation policy").
 */
export function admissionChain(plugins: readonly AdmissionPlugin[]): Admission {
  const mutating = plugins.filter((plugin) => plugin.mutate !== undefined);
  const validating = plugins.filter((plugin) => plugin.validate !== undefined);
  const outbound = plugins.filter((plugin) => plugin.callsOut !== undefined);
  const mutateOnce = async (request: AdmissionRequest, again: boolean): Promise<boolean> => {
    let changed = false;
    for (const plugin of mutating) {
      const result = plugin.mutate?.(request, again);
      if ((result instanceof Promise ? await result : result) === 'changed') changed = true;
    }
    return changed;
  };
  const settling = plugins.filter((plugin) => plugin.settled !== undefined);
  return {
    async mutate(request: AdmissionRequest) {
      if (await mutateOnce(request, false)) await mutateOnce(request, true);
    },
    async validate(request: AdmissionRequest) {
      for (const plugin of validating) {
        const pending = plugin.validate?.(request);
        if (pending) await pending;
      }
    },
    callsOut: (operation, request) => outbound.some((plugin) => plugin.callsOut?.(operation, request)),
    settled(request: AdmissionRequest) {
      for (const plugin of settling) plugin.settled?.(request);
    },
  };
}
