export declare const BUNDLE: string;

export declare const BUNDLE_INPUTS: string;

export declare const PACKED: string;

export declare function isPacked(root: string): boolean;

export declare function unbundled(root: string, name: 'sidecar', source: string): string;

export declare function isFresh(root: string): boolean;

export declare function siblingOf(script: string | undefined, name: 'sidecar'): string | undefined;

export declare function scriptOf(root: string, name: 'controller' | 'sidecar', source: string): string;
