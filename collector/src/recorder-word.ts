/** Among the calls of a plan: somebody may be recorded, so what sees that which no rule asks for has to hang. */
export const recorderWord = "recorded";
