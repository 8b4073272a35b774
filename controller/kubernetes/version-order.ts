/**
 * Whether a resource version comes before another. They are numbers of the same counter (Kubernetes API, "Resource versions",
 * comparable since 1.35, and before in fact); of what is none it is only known whether it is the same.
 */
export function isOlder(version: string, than: string): boolean {
  if (version === than) return false;
  if (!/^\d+$/u.test(version) || !/^\d+$/u.test(than)) return true;
  return version.length === than.length ? version < than : version.length < than.length;
}
