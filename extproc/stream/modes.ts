/** Numbers of `envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode`; a test holds them to Envoy's API. */
export const BODY_SEND_MODE = {
  NONE: 0,
  STREAMED: 1,
  BUFFERED: 2,
  BUFFERED_PARTIAL: 3,
  FULL_DUPLEX_STREAMED: 4,
  GRPC: 5,
} as const;

/** Numbers of `ProcessingMode.HeaderSendMode`. */
export const HEADER_SEND_MODE = { DEFAULT: 0, SEND: 1, SKIP: 2 } as const;
