import { config } from "zod";

// Zod compiles its checks with `new Function` where it can. The page's policy forbids that, and each try would be a
// violation in the browser's log. This module must be imported before any schema is made.
config({ jitless: true });
