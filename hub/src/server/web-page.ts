import { stat } from "node:fs/promises";
import { join, normalize } from "node:path";
import { Fault } from "@atalaya/wire";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply } from "fastify";

const dayMs = 86_400_000;

/**
 * Serves the built page from `folder`. An address that is no file is a place inside the page and gets index.html, so
 * that a link to an alert can be opened directly; a missing file below assets/ or with an extension is 404.
 */
export async function addWebPage(app: FastifyInstance, folder: string | undefined): Promise<void> {
  if (folder !== undefined) await app.register(fastifyStatic, { root: folder, serve: false });
  app.route({
    method: ["GET", "HEAD"],
    url: "/*",
    config: { access: "open" },
    schema: { hide: true },
    handler: async (request, reply) => {
      const path = pathOf(request.url);
      if (/^\/(api|v1)(\/|$)/.test(path)) throw new Fault("NOT_FOUND", "The API has no such route");
      if (folder === undefined) throw new Fault("NOT_FOUND", "This hub serves no page: start it with --web DIR");
      return await sendPage(folder, path, reply);
    },
  });
}

async function sendPage(folder: string, path: string, reply: FastifyReply): Promise<FastifyReply> {
  if (await isFile(join(folder, path))) {
    // The build puts a hash of the content into the names below assets/.
    const lasting = path.startsWith("/assets/");
    return reply.sendFile(path.slice(1), { maxAge: lasting ? 365 * dayMs : 0, immutable: lasting });
  }
  if (path.startsWith("/assets/") || /\.[a-z0-9]{1,8}$/i.test(path))
    throw new Fault("NOT_FOUND", "There is no such file");
  if (!(await isFile(join(folder, "index.html")))) {
    throw new Fault("NOT_FOUND", "The page is not built yet: build it with npm run build");
  }
  return reply.sendFile("index.html", { maxAge: 0, immutable: false });
}

/** The path of an address, decoded and without a way out of the folder. */
function pathOf(url: string): string {
  try {
    const path = decodeURIComponent(url.split("?")[0] ?? "/");
    return path.includes("\0") ? "/" : normalize(`/${path}`);
  } catch {
    return "/";
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
