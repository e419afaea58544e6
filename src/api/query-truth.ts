/**
 * A boolean of a query string, as upstream reads it (apimachinery, Convert_Slice_string_To_bool): whatever is there and does not say no. Clients
 * write it in their own languages' ways: `true`, `True`, `1`.
 */
export const truth = (value: string | null): boolean => value !== null && value !== '0' && value.toLowerCase() !== 'false';
