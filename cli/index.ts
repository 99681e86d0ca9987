// The command line exports nothing: it is started by bin/atalaya.mjs.
export {};
