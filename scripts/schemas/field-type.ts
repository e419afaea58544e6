/**
 * A field's type in the notation of schemas.json: `string`, `int32`, `quantity`, `Container`, `[]Container`, `{}string`, `{}[]string`.
 * Schema names start with a capital letter, scalars do not.
 */
export type TypeText = string;

/** Resource.Quantity is a plain string in the client's models; these fields are quantities in the API. */
const QUANTITY_FIELDS: Readonly<Record<string, readonly string[]>> = {
  CSIStorageCapacity: ['capacity', 'maximumVolumeSize'],
  CapacityRequestPolicy: ['default', 'validValues'],
  CapacityRequestPolicyRange: ['max', 'min', 'step'],
  CapacityRequirements: ['requests'],
  ContainerStatus: ['allocatedResources'],
  Counter: ['value'],
  DeviceCapacity: ['value'],
  DeviceRequestAllocationResult: ['consumedCapacity'],
  EmptyDirVolumeSource: ['sizeLimit'],
  LimitRangeItem: ['default', 'defaultRequest', 'max', 'maxLimitRequestRatio', 'min'],
  NodeAllocatableResourceClaimStatus: ['resources'],
  NodeAllocatableResourceMapping: ['allocationMultiplier'],
  NodeStatus: ['allocatable', 'capacity'],
  Overhead: ['podFixed'],
  PersistentVolumeClaimStatus: ['allocatedResources', 'capacity'],
  PersistentVolumeSpec: ['capacity'],
  PodSpec: ['overhead'],
  PodStatus: ['allocatedResources'],
  ResourceFieldSelector: ['divisor'],
  ResourceQuotaSpec: ['hard'],
  ResourceQuotaStatus: ['hard', 'used'],
  ResourceRequirements: ['limits', 'requests'],
  V2HPAScalingRules: ['tolerance'],
  V2MetricTarget: ['averageValue', 'value'],
  V2MetricValueStatus: ['averageValue', 'value'],
  VolumeResourceRequirements: ['limits', 'requests'],
};

/** V1Pod -> Pod, CoreV1Event -> Event, V1beta1StorageVersionMigration -> StorageVersionMigration, V2HorizontalPodAutoscaler -> V2HorizontalPodAutoscaler. */
export const schemaNameOf = (model: string): string => model.replace(/^(?:Core)?V1(?:beta1)?(?=[A-Z])/, '');

export function fieldType(owner: string, field: string, modelType: string, format: string): TypeText {
  const type = convert(modelType, format);
  return QUANTITY_FIELDS[owner]?.includes(field) ? type.replace(/string$/, 'quantity') : type;
}

function convert(type: string, format: string): TypeText {
  const list = /^(?:Array|Set)<(.*)>$/.exec(type);
  if (list) return `[]${convert(list[1] ?? '', format)}`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type);
  if (map) return `{}${convert(map[1] ?? '', format)}`;
  switch (type) {
    case 'string':
      return format === 'byte' ? 'byte' : 'string';
    case 'Date':
      return 'time';
    case 'V1MicroTime':
      return 'microTime';
    case 'number':
      return format === 'double' || format === 'int32' ? format : 'int64';
    case 'boolean':
      return 'bool';
    case 'IntOrString':
      return 'intOrString';
    case 'any':
    case 'object':
      return type;
    default:
      return schemaNameOf(type);
  }
}

/** The type as our interfaces write it: times, bytes and quantities are strings. */
export function typeScriptOf(type: TypeText): string {
  if (type.startsWith('[]')) {
    const items = typeScriptOf(type.slice(2));
    return items.includes('|') ? `(${items})[]` : `${items}[]`;
  }
  if (type.startsWith('{}')) return `Record<string, ${typeScriptOf(type.slice(2))}>`;
  if (/^[A-Z]/.test(type)) return type;
  return TYPESCRIPT_SCALARS[type] ?? 'string';
}

const TYPESCRIPT_SCALARS: Readonly<Record<string, string>> = {
  int32: 'number',
  int64: 'number',
  double: 'number',
  bool: 'boolean',
  intOrString: 'number | string',
  any: 'unknown',
  object: 'Record<string, unknown>',
};
