export declare const ROOT: string;

export type Node24 =
  | { readonly kind: 'current' }
  | { readonly kind: 'binary'; readonly path: string }
  | { readonly kind: 'missing'; readonly message: string };

export declare function findNode24(
  current?: { readonly version: string; readonly platform: string; readonly arch: string },
  resolvePath?: (path: string) => string,
): Node24;

export declare function runOnNode24(script: string, args: readonly string[]): Promise<void>;
