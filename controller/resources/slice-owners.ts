import type { EndpointSlice } from '#controller/api/gen/types.d.ts';

/** The labels by which a slice names the Service, or the ServiceImport, whose endpoints it has. */
const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const IMPORT_NAME_LABEL = 'multicluster.kubernetes.io/service-name';

/** Whose endpoints a slice has: names of Services, and `importOwner` of ServiceImports, all in its namespace. */
export function sliceOwners({ metadata: { labels } }: EndpointSlice): readonly string[] {
  const service = labels?.[SERVICE_NAME_LABEL];
  const imported = labels?.[IMPORT_NAME_LABEL];
  return [...(service === undefined ? [] : [service]), ...(imported === undefined ? [] : [importOwner(imported)])];
}

/** What a ServiceImport is called where slices are looked up; no Service is called so. */
export function importOwner(name: string): string {
  return `import/${name}`;
}
