import { hash } from 'node:crypto';

/** The name of the Lease by which replicas of a controller elect their leader: those of another name have another. */
export function leaseName(controllerName: string): string {
  return `sluice-${shortHash(controllerName)}`;
}

/** Eight hexadecimal digits that stand for a text in the names of objects: it may have signs that these may not. */
export function shortHash(text: string): string {
  return hash('sha256', text, 'hex').slice(0, 8);
}
