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
    keyRepeated: (key: string) =>
      `la etiqueta ${key} está en varias líneas; admite un solo patrón, y otros valores necesitan su propia fila`,
    changedTitle: "Quién la cambió",
    changedNone: "Nadie, hasta donde llegan los cambios más recientes.",
  },
};
