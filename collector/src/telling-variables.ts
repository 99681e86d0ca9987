// Variables of an environment that make a program load or run what somebody chose, or speak through him. The kernel side knows
// them by their first eight bytes (bpf/env.h). To add one: a line there, a name here.

export const tellingVariables: ReadonlySet<string> = new Set([
  ...["LD_PRELOAD", "LD_AUDIT", "LD_LIBRARY_PATH", "GLIBC_TUNABLES", "GCONV_PATH"],
  ...["PYTHONSTARTUP", "NODE_OPTIONS", "BASH_ENV", "PERL5OPT", "RUBYOPT"],
  ...["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"],
]);

/** Whether `NAME=value` is one of them. */
export const isTelling = (variable: string): boolean => tellingVariables.has(variable.slice(0, variable.indexOf("=")));
