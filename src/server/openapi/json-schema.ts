/** A JSON schema as OpenAPI 2 and 3 write it, with Kubernetes' extensions. */
export interface JsonSchema {
  $ref?: string;
  allOf?: JsonSchema[];
  oneOf?: JsonSchema[];
  type?: string;
  format?: string;
  description?: string;
  default?: unknown;
  enum?: string[];
  required?: string[];
  properties?: Record<string, JsonSchema>;
  items?: JsonSchema;
  additionalProperties?: JsonSchema | boolean;
  [extension: `x-kubernetes-${string}`]: unknown;
}

export type OpenApiVersion = 'v2' | 'v3';
