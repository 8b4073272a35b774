import type { RouteIr } from './route.ts';

/** The routes of one host name on a listener, in order of precedence. */
export interface VirtualHostIr {
  /** "*", "*.example.com" or "www.example.com". */
  readonly hostname: string;
  readonly routes: readonly RouteIr[];
}
