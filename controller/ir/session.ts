/** How requests of one client stay with one endpoint: what names it travels with the client. */
export type SessionIr =
  | {
      readonly kind: 'cookie';
      readonly name: string;
      /** Milliseconds until the client is sent elsewhere; `undefined` until its browser is closed. */
      readonly lifetime: number | undefined;
      /** What the paths of requests begin with that the cookie is for. */
      readonly path: string;
    }
  | { readonly kind: 'header'; readonly name: string };
