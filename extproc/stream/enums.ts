import { enumMembers, type EnumTypes } from '#proto/load.ts';

const APPEND = 'envoy.config.core.v3.HeaderValueOption.HeaderAppendAction';
const RESPONSE = 'envoy.service.ext_proc.v3.CommonResponse.ResponseStatus';
const HEADERS = 'envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode';
const BODY = 'envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode';

interface Enums {
  readonly appendAction: EnumTypes[typeof APPEND];
  readonly responseStatus: EnumTypes[typeof RESPONSE];
  readonly headerSendMode: EnumTypes[typeof HEADERS];
  readonly bodySendMode: EnumTypes[typeof BODY];
}

let loaded: Enums | undefined;

/** Gives the enums of Envoy's that streams speak in; the first call loads Envoy's messages. */
export function enums(): Enums {
  loaded ??= {
    appendAction: enumMembers(APPEND),
    responseStatus: enumMembers(RESPONSE),
    headerSendMode: enumMembers(HEADERS),
    bodySendMode: enumMembers(BODY),
  };
  return loaded;
}
