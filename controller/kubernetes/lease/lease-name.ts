import { hash } from 'node:crypto';

/** The name of the Lease by which replicas of a controller elect their leader: those of another name have another. */
export function leaseName(controllerName: string): string {
  return `sluice-${hash('sha256', controllerName, 'hex').slice(0, 8)}`;
}
