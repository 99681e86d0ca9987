export function buildCollector(options: { root: string; log: (line: string) => void }): Promise<void>;
