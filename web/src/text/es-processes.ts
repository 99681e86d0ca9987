import type { enProcesses } from "./en-processes.ts";

export const esProcesses: typeof enProcesses = {
  processes: {
    title: "Procesos",
    search: "Busque lo que se ejecutó, o name:curl user:0 pod:shop/web-1",
    searchLabel: "Buscar procesos",
    only: "Solo estos",
    onHost: "anfitrión",
    containerUnknown: "contenedor desconocido",
    noEnd: "sin final visto",
    ran: (time) => `duró ${time}`,
    origin: { added: "no está en la imagen", memory: "desde la memoria" },
    allTime: "todo lo guardado",
    last: (span) => `últimos ${span}`,
    filter: {
      name: "programa",
      pod: "pod",
      container: "contenedor",
      cluster: "clúster",
      node: "nodo",
      uid: "usuario",
      q: "palabras",
    },
    emptyTitle: "No se ejecutó nada parecido",
    emptyText:
      "De lo guardado, nada encaja. Quite un filtro o mire más atrás. Un pod se busca por los contenedores que tiene ahora: lo que se ejecutó en uno reiniciado desde entonces se encuentra por su contenedor.",
    searchedTo: (time) => `Buscado hasta ${time}.`,
    older: "Buscar más atrás",
    end: "Eso es todo lo guardado.",
  },
};
