export declare function staleReason(root: string): string | undefined;

export declare function install(): Promise<void>;
