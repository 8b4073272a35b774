export declare const BUNDLE: string;

export declare const BUNDLE_INPUTS: string;

export declare function isFresh(root: string): boolean;

export declare function siblingOf(script: string | undefined, name: 'sidecar'): string | undefined;

export declare function scriptOf(root: string, name: 'controller' | 'sidecar', source: string): string;
