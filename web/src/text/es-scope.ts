import type { enScope } from "./en-scope.ts";

export const esScope: typeof enScope = {
  scope: {
    lists: {
      clusters: "Clústeres",
      namespaces: "Espacios de nombres",
      pods: "Pods",
      containers: "Contenedores",
      images: "Imágenes",
      labels: "Etiquetas (clave=patrón)",
    },
    anything: "todo",
    noName: "aún no tiene nombre",
    changedTitle: "Quién la cambió",
    changedNone: "Nadie, hasta donde llegan los cambios más recientes.",
  },
};
