/** The wildcards whose names a host name is below, the narrowest first: "*.b.c" and "*.c" of "a.b.c" (Gateway API, `Hostname`). */
export function wildcardsAbove(hostname: string): readonly string[] {
  const labels = hostname.split('.');
  return labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join('.')}`);
}
