/** Ports that clients leave out of the host they ask for, by scheme. */
export const WELL_KNOWN_PORTS = { http: 80, https: 443 } as const;

/** Whether a scheme implies a port. */
export function isWellKnownPort(port: number | undefined, scheme: keyof typeof WELL_KNOWN_PORTS): boolean {
  return port === WELL_KNOWN_PORTS[scheme];
}
