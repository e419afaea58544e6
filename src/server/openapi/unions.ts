/** `x-kubernetes-unions`, by schema: which field says which of the others counts (the +union markers of kubernetes/api 1.36). */
export const UNIONS: Readonly<Record<string, readonly object[]>> = {
  AppArmorProfile: [union('type', 'localhostProfile')],
  FlowcontrolV1Subject: [union('kind', 'group', 'serviceAccount', 'user')],
  LimitResponse: [union('type', 'queuing')],
  PodSchedulingGroup: [union(undefined, 'podGroupName')],
  PriorityLevelConfigurationSpec: [union('type', 'exempt', 'limited')],
  SeccompProfile: [union('type', 'localhostProfile')],
};

function union(discriminator: string | undefined, ...fields: readonly string[]): object {
  const values = fields.map((field) => [field, field.charAt(0).toUpperCase() + field.slice(1)]);
  return { ...(discriminator !== undefined && { discriminator }), 'fields-to-discriminateBy': Object.fromEntries(values) };
}
