/**
 * A field that grew into a list, and its plural: older clients know the one alone. Where they differ the one counts, and afterwards it is the first of the many
 * (pkg/apis/core/v1/conversion.go of kubernetes: podIP and podIPs, podCIDR and podCIDRs).
 */
export function firstOfMany(one = '', many: readonly string[] = []): { readonly one: string; readonly many: readonly string[] } {
  const settled = one !== '' && many[0] !== one ? [one] : many;
  return { one: settled[0] ?? one, many: settled };
}
