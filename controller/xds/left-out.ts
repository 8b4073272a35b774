import { isWasmFilterName, leftOutConfig } from '../features/wasm/xds.ts';
import { encode } from './build/message.ts';
import { type XdsResource, xdsResource } from './snapshot.ts';

/** What leaves out the user's filter whose configuration has this name. */
export function leftOut(name: string): XdsResource {
  const body = encode('envoy.config.core.v3.TypedExtensionConfig', leftOutConfig(name));
  return xdsResource('extension-config', name, body);
}

/**
 * Whether a client that has this version of an extension configuration lets requests pass without a user's filter, or may
 * do so: `undefined` stands for a version that it rejected, so that what it had before is in force.
 */
export function mayLeaveOut(name: string, version: string | undefined): boolean {
  return isWasmFilterName(name) && (version === undefined || version === leftOut(name).version);
}
