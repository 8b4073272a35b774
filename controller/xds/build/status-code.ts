import { enumMembers, type MessageTypes } from '#proto/load.ts';

/** A status that Envoy names (envoy.type.v3.HttpStatus). */
export type StatusCode = MessageTypes['envoy.type.v3.HttpStatus']['code'];

/** The status of a number; the schemas of policies accept no other numbers. */
export function statusCode(code: number): StatusCode {
  if (!isStatusCode(code)) throw new Error(`${code} is no status that Envoy names`);
  return code;
}

function isStatusCode(code: number): code is StatusCode {
  return Object.values<unknown>(enumMembers('envoy.type.v3.StatusCode')).includes(code);
}
