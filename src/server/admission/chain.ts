import type { AdmissionPlugin, AdmissionRequest } from '../ports.ts';
import type { Admission } from '../registry/deps.ts';

/** Runs plugins in their order: every `mutate`, later every `validate`. The first refusal ends the request. */
export function admissionChain(plugins: readonly AdmissionPlugin[]): Admission {
  const mutating = plugins.filter((plugin) => plugin.mutate !== undefined);
  const validating = plugins.filter((plugin) => plugin.validate !== undefined);
  const undoing = plugins.filter((plugin) => plugin.undo !== undefined);
  return {
    async mutate(request: AdmissionRequest) {
      for (const plugin of mutating) await plugin.mutate?.(request);
    },
    async validate(request: AdmissionRequest) {
      for (const plugin of validating) await plugin.validate?.(request);
    },
    undo(request: AdmissionRequest) {
      for (const plugin of undoing) plugin.undo?.(request);
    },
  };
}
