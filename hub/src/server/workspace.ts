/** One hub can serve several workspaces; until accounts choose one, this is where everything belongs. */
export const defaultWorkspace = "default";
